import { join } from 'node:path';
import type { AgentInstance } from '../agents/agents.ts';
import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import { ownTask, type Task } from '../base/task.ts';
import { KernelLimitFiles } from '../host/cgroup-limits.ts';
import { readCgroupUsage } from '../host/cgroup-usage.ts';
import { RootedFiles } from '../host/rooted-files.ts';
import { NamespacedSysctlProbe } from '../host/sysctl-probe.ts';
import { extractRoot } from '../images/image-archive.ts';
import { AddressAnnouncer } from '../instances/address-announcer.ts';
import { announce } from '../instances/announce.ts';
import { BootFollower } from '../instances/boot-follower.ts';
import { defaultAgentIdleSeconds } from '../instances/config-keys.ts';
import { InstanceCreator } from '../instances/create-instance.ts';
import { InstanceDeleter } from '../instances/delete-instance.ts';
import type { Expanded, Instance } from '../instances/instance.ts';
import { InstanceLocks } from '../instances/instance-locks.ts';
import type { InstanceMoves } from '../instances/instance-moves.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import { instanceSpec } from '../instances/instance-spec.ts';
import { InstanceStates, type StateDeps } from '../instances/instance-state.ts';
import { Instances } from '../instances/instances.ts';
import { LimitsApplier } from '../instances/limits/limits-applier.ts';
import { ProcessorShares } from '../instances/limits/processor-shares.ts';
import { OfflineFiles } from '../instances/offline-files.ts';
import { type ReconcileDeps, reconcile } from '../instances/reconcile.ts';
import { InstanceStarter, type StartDeps } from '../instances/start-instance.ts';
import { InstanceStopper } from '../instances/stop-instance.ts';
import { Supervisor } from '../instances/supervisor.ts';
import { TemplateWriter } from '../instances/templates/template-writer.ts';
import { WithHost } from '../instances/with-host.ts';
import { stableHwaddr } from '../networks/hwaddr.ts';
import { defaultProject } from '../projects/project.ts';
import { offlineSpec } from '../runtime/offline-spec.ts';
import type { Snapshots } from '../snapshots/snapshots.ts';
import { type BackupParts, type BackupsWiring, openBackups } from './backups.ts';
import { type ChangeParts, openChanges } from './changes.ts';
import { openDevices } from './devices.ts';
import type { Engines } from './engines.ts';
import type { MovesWiring } from './instance-moves.ts';
import { type InstanceObjects, openRecords } from './records.ts';
import { type Base, removeInstanceFiles } from './server.ts';
import { openSnapshots, type SnapshotParts } from './snapshots.ts';

/** The domain of instances, wired. */
export interface InstanceParts extends InstanceObjects {
  readonly verbs: Instances;
  readonly changes: ChangeParts;
  readonly snapshots: Snapshots;
  readonly backups: BackupParts;
  readonly countSnapshots: SnapshotParts['count'];
  readonly moves: InstanceMoves;
  readonly withHost: WithHost;
  readonly states: InstanceStates;
  readonly supervisor: Supervisor;
  readonly offline: OfflineFiles;
  readonly locks: InstanceLocks;
  /** Resolves when the system has booted, or has had its time to. Rejects when `signal` aborts. */
  booted(instance: Instance, signal: AbortSignal): Promise<void>;
  /** After a start of the server; returns what should run and does not. */
  reconcile(hostRebooted: boolean): Promise<Instance[]>;
  close(): Promise<void>;
}

export async function openInstances(base: Base, engines: Engines): Promise<InstanceParts> {
  const { log, directories, events, operations } = base;
  const { runtime, pools, agents, sessions } = engines;
  const objects = await openRecords(base, engines);
  const { records, metadata, expanded, admission } = objects;
  const pool = (name: string) => pools.driver(name);
  const start = (task: Task, instance: Instance) => verbs.startHeld(task, instance);
  const locks = new InstanceLocks();
  const wiring = { ...objects, locks, supervisor: () => supervisor };
  const { devices, ...deviceParts } = openDevices(base, engines, wiring);
  announceAddresses(base, engines, records);
  const limits = limitsApplier(base, engines);
  const supervisor: Supervisor = new Supervisor({
    ...{ log, records, expanded, pool, devices, runtime, limits },
    forgetAgent: async (uuid) => void (await Promise.all([agents.forget(uuid), sessions.forget(uuid)])),
    ended: (instance, reason) => logFailure(log, instance, verbs.afterEnd(instance, reason)),
  });
  const appliers = [limits, ...deviceParts.appliers];
  const changes = openChanges(base, engines, { ...objects, locks, supervisor, appliers });
  // Whoever follows an instance for a while may hold an older record of it, with a profile that is gone.
  const agentOf: AgentOf = async (instance) =>
    agentInstance(instance, await expanded((await records.find(instance.project, instance.name)) ?? instance));
  const follower = bootFollower(base, engines, agentOf);
  const stopper = instanceStopper(engines, supervisor, agentOf);
  const sources = { ...changes.use, ...imageSources(engines, objects) };
  const making = { ...base, records, locks, supervisor, runtime, stopper, pool, expanded, ...sources };
  const snapshots = openSnapshots({
    ...{ ...making, admission, agents, start, surroundings: sources, freeRoot: (instance) => offline.end(instance) },
  });
  const deleter = new InstanceDeleter({
    ...{ records, expanded, pool, removeSnapshots: snapshots.removeAll },
    removeFiles: (uuid) => removeInstanceFiles(directories.log, uuid),
  });
  const offline = offlineFiles(base, engines, { locks, supervisor });
  const verbs: Instances = new Instances({
    ...{ log, records, locks, operations, events, supervisor, follower, stopper, deleter, runtime },
    freeRoot: (instance) => offline.end(instance),
    beforeStart: (task, instance, check) => snapshots.schedule.beforeStart(task, instance, check),
    creator: new InstanceCreator({ records, admission, pool, ...sources, checkDevices: deviceParts.check }),
    starter: openStarter(base, engines, { records, metadata, expanded, admission, pool, devices, limits }),
  });
  const withHost = new WithHost({
    ...{ log, records, expanded, supervisor, stopper, operations },
    start: (project, name) => verbs.start(project, name),
  });
  const states = instanceStates(engines, { log, locks, supervisor, follower, hwaddr: stableHwaddr });
  const reconciling = { ...making, follower, deleter, limits, repairDevices: deviceParts.repair };
  return {
    ...{ ...objects, verbs, withHost, changes, states, supervisor, offline, locks, moves: snapshots.moves },
    ...{ snapshots: snapshots.verbs, countSnapshots: snapshots.count },
    backups: openBackups(
      { ...making, ...backupTools(base, engines), start, admission, surroundings: sources, deleter },
      snapshots,
    ),
    reconcile: async (hostRebooted) => {
      const toStart = await findAgain(engines, { ...reconciling, hostRebooted }, snapshots);
      await changes.recover();
      return toStart;
    },
    booted: (instance, signal) => follower.booted(instance.uuid, signal),
    close: async () => {
      snapshots.schedule[Symbol.dispose]();
      await offline.close();
      deviceParts.close();
      supervisor.close();
      follower.close();
    },
  };
}

function backupTools(
  { tools: { run, output } }: Base,
  { architecture }: Engines,
): Pick<BackupsWiring, 'output' | 'architecture' | 'unpack'> {
  return {
    ...{ architecture, output },
    unpack: (task, directory, content) => extractRoot(task, run, directory, content),
  };
}

function announceAddresses({ log, events }: Base, { networks }: Engines, records: InstanceRecords): void {
  const addresses = new AddressAnnouncer({
    ...{ log, events, instances: () => records.list() },
    leases: async (name) => await networks.driver(name).leases(),
  });
  networks.onLeasesChanged((name) => void addresses.changed(name));
}

type StarterParts = Pick<StartDeps, 'records' | 'expanded' | 'pool' | 'devices' | 'limits'> &
  Pick<InstanceObjects, 'admission' | 'metadata'>;

function openStarter({ directories }: Base, engines: Engines, parts: StarterParts): InstanceStarter {
  const { runtime } = engines;
  const surroundings = {
    host: engines.features,
    cgroupOf: (uuid: string) => runtime.cgroupOf(uuid),
    agentDirectory: engines.agentDirectory,
    deviceNodes: directories.devices,
  };
  return new InstanceStarter({
    ...{ ...parts, runtime },
    check: (instance, holds) => parts.admission.checkStart(instance, holds),
    consoleLogPath: (uuid) => join(directories.log, uuid, 'console.log'),
    templates: new TemplateWriter({ metadata: parts.metadata, openRoot: (path) => RootedFiles.open(path) }),
    guestInit: (rootPath) => engines.guestInit(rootPath),
    spec: (input) => instanceSpec(surroundings, input),
  });
}

function limitsApplier({ log, id, tools: { run } }: Base, { cgroups, runtime, features }: Engines): LimitsApplier {
  const files = new KernelLimitFiles(cgroups, `/yurt/${id}`);
  const cgroupOf = (uuid: string) => runtime.cgroupOf(uuid);
  const processors = new ProcessorShares({ log, files, cgroupOf });
  const sysctls = new NamespacedSysctlProbe(run);
  return new LimitsApplier({ files, processors, cgroupOf, host: features.facts, sysctls });
}

function offlineFiles(
  { log, directories }: Base,
  { runtime, features, agentDirectory, agents, pools }: Engines,
  { locks, supervisor }: { locks: InstanceLocks; supervisor: Supervisor },
): OfflineFiles {
  return new OfflineFiles({
    ...{ log, runtime, locks },
    pool: (name) => pools.driver(name),
    isStopped: (uuid) => supervisor.status(uuid) === 'stopped',
    spec: ({ id, instance: { idMap }, rootPath }) =>
      offlineSpec({ id, idMap, rootPath, agentDirectory, cgroupsPath: runtime.cgroupOf(id), host: features.facts }),
    consoleLogPath: (uuid) => join(directories.log, uuid, 'files.log'),
    settleAgent: (id) => agents.settled(id),
    forgetAgent: (id) => agents.forget(id),
  });
}

type ImageSources = Pick<MovesWiring, 'image' | 'unpackImage' | 'templates' | 'metadata'>;

function imageSources({ images }: Engines, { projects, metadata }: InstanceObjects): ImageSources {
  return {
    metadata,
    templates: (fingerprint) => images.of(defaultProject).templates(fingerprint),
    image: async (project, reference) => await images.of(await projects.home(project, 'images')).use(reference),
    unpackImage: (task, fingerprint, directory) => images.of(defaultProject).unpack(task, fingerprint, directory),
  };
}

async function findAgain(
  engines: Engines,
  deps: Omit<ReconcileDeps, 'finishPending'>,
  snapshots: SnapshotParts,
): Promise<Instance[]> {
  await engines.images.repair(ownTask(deps.log));
  const uuids = new Set((await deps.records.list()).map(({ uuid }) => uuid));
  await engines.networks.open(uuids);
  await snapshots.begin();
  const toStart = await reconcile({ ...deps, finishPending: snapshots.finishPending });
  const runs = (uuid: string) => deps.supervisor.status(uuid) !== 'stopped';
  await Promise.all([engines.agents.forgetOthers(runs), engines.sessions.forgetOthers(runs)]);
  await repairPools(engines, uuids, await snapshots.repair());
  snapshots.schedule.begin();
  return toStart;
}

function logFailure(log: Log, instance: Instance, work: Promise<void>): void {
  work.catch((error: unknown) => {
    log.error({ err: error, instance: instance.uuid }, 'what follows the end of an instance failed');
  });
}

function bootFollower({ log, events }: Base, { agents }: Engines, agentOf: AgentOf): BootFollower {
  return new BootFollower({
    log,
    probe: async (task, instance) => await agents.probe(task, await agentOf(instance)),
    ready: (instance, { initState }) => announce(events, 'instance-ready', instance, { state: initState }),
  });
}

function instanceStopper(engines: Engines, supervisor: Supervisor, agentOf: AgentOf): InstanceStopper {
  return new InstanceStopper({
    ...{ runtime: engines.runtime, supervisor },
    command: async (task, instance, argv) => await runToEnd(task, engines, await agentOf(instance), argv),
  });
}

function instanceStates(
  { runtime, networks }: Engines,
  parts: Pick<StateDeps, 'log' | 'locks' | 'supervisor' | 'follower' | 'hwaddr'>,
): InstanceStates {
  return new InstanceStates({
    ...parts,
    network: (name) => networks.driver(name),
    pid: async (uuid) => (await runtime.state(uuid))?.pid,
    resources: async (uuid) => await readCgroupUsage(await runtime.cgroupPaths(uuid)),
  });
}

async function repairPools(
  engines: Engines,
  instances: ReadonlySet<string>,
  snapshots: ReadonlySet<string>,
): Promise<void> {
  const images = await engines.images.fingerprints();
  await engines.pools.repair({ images, instances, snapshots });
}

type AgentOf = (instance: Instance) => Promise<AgentInstance>;

/** What the agents need to know of an instance. */
export function agentInstance(instance: Instance, { config }: Expanded): AgentInstance {
  const seconds = Number(config['agent.idle_timeout'] ?? defaultAgentIdleSeconds);
  return { id: instance.uuid, idleMs: seconds * 1000 };
}

/** Runs a command of the server's own as root, whatever it prints; returns its exit code. */
async function runToEnd(
  task: Task,
  { agents }: Engines,
  agent: AgentInstance,
  argv: readonly string[],
): Promise<number> {
  const session = await agents.exec(task, agent, { argv, environment: {}, user: 0, group: 0, cwd: '/' });
  const windowBytes = 64 * 1024;
  for (const channel of ['stdout', 'stderr'] as const) session.grant(channel, windowBytes);
  session.closeStdin();
  for await (const frame of session.frames()) {
    if (frame.type === 'stdout' || frame.type === 'stderr') session.grant(frame.type, frame.data.length);
    if (frame.type === 'exit') return frame.code;
  }
  throw new Fault('unavailable', `The agent of the instance did not say how ${argv[0]} has ended`);
}

/** Faults: `not-found`, `wrong-state` unless it runs. */
export async function runningInstance(parts: InstanceParts, project: string, name: string): Promise<Instance> {
  const instance = await parts.records.get(project, name);
  checkRunning(parts, instance);
  return instance;
}

export function checkRunning({ supervisor }: Pick<InstanceParts, 'supervisor'>, instance: Instance): void {
  const status = supervisor.status(instance.uuid);
  if (status === 'paused') throw new Fault('wrong-state', `Instance "${instance.name}" is paused`);
  if (status !== 'running') throw new Fault('wrong-state', `Instance "${instance.name}" is not running`);
}

/** Bytes that the root of an instance, or a snapshot, itself takes. */
export async function diskUsage({ pools }: Engines, of: Pick<Instance, 'pool' | 'uuid'>): Promise<number> {
  const driver = pools.driver(of.pool);
  const usage = await driver.instanceUsage(of.uuid);
  return usage.usedBytes;
}

import { join } from 'node:path';
import type { AgentInstance } from '../agents/agents.ts';
import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import type { Task } from '../base/task.ts';
import { Collection } from '../db/collection.ts';
import { readCgroupUsage } from '../host/cgroup-usage.ts';
import { BootFollower } from '../instances/boot-follower.ts';
import { defaultAgentIdleSeconds } from '../instances/config-keys.ts';
import { InstanceCreator } from '../instances/create-instance.ts';
import { InstanceDeleter } from '../instances/delete-instance.ts';
import { hostIdRange, IdRanges } from '../instances/id-ranges.ts';
import { type Expanded, expand, type Instance, resourceOf } from '../instances/instance.ts';
import { InstanceLocks } from '../instances/instance-locks.ts';
import type { InstanceMoves } from '../instances/instance-moves.ts';
import { InstanceRecords } from '../instances/instance-records.ts';
import { instanceSpec } from '../instances/instance-spec.ts';
import { InstanceStates, type StateDeps } from '../instances/instance-state.ts';
import { Instances } from '../instances/instances.ts';
import { Nics } from '../instances/nics.ts';
import { type ReconcileDeps, reconcile } from '../instances/reconcile.ts';
import { InstanceStarter } from '../instances/start-instance.ts';
import { InstanceStopper } from '../instances/stop-instance.ts';
import { Supervisor } from '../instances/supervisor.ts';
import { stableHwaddr } from '../networks/hwaddr.ts';
import { type Profile, Profiles, parseProfile } from '../profiles/profile.ts';
import type { Snapshots } from '../snapshots/snapshots.ts';
import { type ChangeParts, openChanges } from './changes.ts';
import type { Engines } from './engines.ts';
import type { MovesWiring } from './instance-moves.ts';
import { type Base, defaultNetworkPrefix, defaultPool, readOptional, removeInstanceFiles } from './server.ts';
import { openSnapshots, type SnapshotParts } from './snapshots.ts';

/** The domain of instances, wired. */
export interface InstanceParts {
  readonly records: InstanceRecords;
  readonly profiles: Profiles;
  readonly verbs: Instances;
  readonly changes: ChangeParts;
  readonly snapshots: Snapshots;
  readonly countSnapshots: SnapshotParts['count'];
  readonly moves: InstanceMoves;
  readonly states: InstanceStates;
  readonly supervisor: Supervisor;
  readonly expanded: (instance: Instance) => Promise<Expanded>;
  /** Resolves when the system has booted, or has had its time to. Rejects when `signal` aborts. */
  booted(instance: Instance, signal: AbortSignal): Promise<void>;
  /** After a start of the server; returns what should run and does not. */
  reconcile(hostRebooted: boolean): Promise<Instance[]>;
  close(): void;
}

export async function openInstances(base: Base, engines: Engines): Promise<InstanceParts> {
  const { log, directories, events, operations, store } = base;
  const { runtime, pools, networks, agents, images } = engines;
  const range = hostIdRange(await readOptional('/etc/subuid'), await readOptional('/etc/subgid'));
  const records = new InstanceRecords(store, new IdRanges(store, range, base.id));
  const profiles = new Profiles(new Collection(store, 'profile/', parseProfile));
  await profiles.ensureDefault('default', defaultPool, await networks.ensureDefault(defaultNetworkPrefix));
  const expanded = async (instance: Instance) => await expander(profiles)(instance);
  const pool = (name: string) => pools.driver(name);
  const nics = new Nics({ network: (name) => networks.driver(name), hwaddr: stableHwaddr });
  const consoleLogPath = (uuid: string) => join(directories.log, uuid, 'console.log');
  const specSurroundings = {
    host: engines.features,
    cgroupOf: (uuid: string) => runtime.cgroupOf(uuid),
    agentDirectory: engines.agentDirectory,
    deviceNodes: directories.devices,
  };
  const locks = new InstanceLocks();
  const supervisor: Supervisor = new Supervisor({
    ...{ log, records, expanded, pool, nics, runtime },
    forgetAgent: (uuid) => agents.forget(uuid),
    ended: (instance, reason) => logFailure(log, instance, verbs.afterEnd(instance, reason)),
  });
  const changes = openChanges(base, engines, { records, profiles, locks, supervisor, expanded });
  // Whoever follows an instance for a while may hold an older record of it, with a profile that is gone.
  const agentOf: AgentOf = async (instance) =>
    agentInstance(instance, await expanded((await records.find(instance.project, instance.name)) ?? instance));
  const follower = bootFollower(base, engines, agentOf);
  const stopper = instanceStopper(engines, supervisor, agentOf);
  const sources: MovesWiring = { ...changes.use, ...imageSources(engines) };
  const snapshots = openSnapshots({
    ...{ ...base, records, locks, supervisor, runtime, stopper, pool, expanded, ...sources },
    surroundings: changes.use,
    start: (task, instance) => verbs.startHeld(task, instance),
  });
  const deleter = new InstanceDeleter({
    ...{ records, pool, removeSnapshots: snapshots.removeAll },
    removeFiles: (uuid) => removeInstanceFiles(directories.log, uuid),
  });
  const verbs: Instances = new Instances({
    ...{ log, records, locks, operations, events, supervisor, follower, deleter, runtime, stopper },
    creator: new InstanceCreator({
      ...{ records, pool, ...changes.use, ...sources, image: (reference) => images.resolve(reference) },
    }),
    starter: new InstanceStarter({
      ...{ records, expanded, pool, nics, runtime, consoleLogPath },
      guestInit: (rootPath) => engines.guestInit(rootPath),
      spec: (input) => instanceSpec(specSurroundings, input),
    }),
  });
  const states = instanceStates(engines, { log, locks, supervisor, follower, nics });
  const reconciling = { log, records, expanded, runtime, supervisor, follower, deleter };
  return {
    ...{ records, profiles, verbs, changes, states, supervisor, expanded, moves: snapshots.moves },
    ...{ snapshots: snapshots.verbs, countSnapshots: snapshots.count },
    reconcile: async (hostRebooted) => {
      const toStart = await findAgain(engines, { ...reconciling, hostRebooted }, snapshots);
      await changes.recover();
      return toStart;
    },
    booted: (instance, signal) => follower.booted(instance.uuid, signal),
    close: () => {
      snapshots.schedule[Symbol.dispose]();
      supervisor.close();
      follower.close();
    },
  };
}

/** Expands instances, reading each profile once: for one listing, since what it has read it keeps. */
export function expander(profiles: Profiles): (instance: Instance) => Promise<Expanded> {
  const read = new Map<string, Promise<Profile>>();
  const profile = (project: string, name: string) => {
    const key = `${project}/${name}`;
    const found = read.get(key) ?? profiles.get(project, name);
    read.set(key, found);
    return found;
  };
  return async (instance) =>
    expand(instance, await Promise.all(instance.profiles.map((name) => profile(instance.project, name))));
}

function imageSources({ images }: Engines) {
  return {
    image: (_project: string, reference: string) => images.resolve(reference),
    unpackImage: (task: Task, fingerprint: string, directory: string) => images.unpack(task, fingerprint, directory),
  };
}

async function findAgain(
  engines: Engines,
  deps: Omit<ReconcileDeps, 'finishPending'>,
  snapshots: SnapshotParts,
): Promise<Instance[]> {
  const uuids = new Set((await deps.records.list()).map(({ uuid }) => uuid));
  await engines.networks.open(uuids);
  await snapshots.begin();
  const toStart = await reconcile({ ...deps, finishPending: snapshots.finishPending });
  await repairPools(engines, uuids, await snapshots.repair(), deps.supervisor);
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
    ready: (instance, { initState }) => events.lifecycle('instance-ready', resourceOf(instance), { state: initState }),
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
  parts: Pick<StateDeps, 'log' | 'locks' | 'supervisor' | 'follower' | 'nics'>,
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
  supervisor: Supervisor,
): Promise<void> {
  const images = new Set((await engines.images.list()).map(({ fingerprint }) => fingerprint));
  await engines.pools.repair({ images, instances, snapshots, running: new Set(supervisor.runningUuids()) });
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

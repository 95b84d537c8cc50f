import { Fault } from '../../server/base/fault.ts';
import { silentLog } from '../../server/base/log.ts';
import { Serial } from '../../server/base/serial.ts';
import { ownTask } from '../../server/base/task.ts';
import { openBackups } from '../../server/daemon/backups.ts';
import { openSnapshots } from '../../server/daemon/snapshots.ts';
import { Collection } from '../../server/db/collection.ts';
import { MemoryStore } from '../../server/db/memory-store.ts';
import { InstanceDevices } from '../../server/devices/instance-devices.ts';
import { MountMaker } from '../../server/devices/makers/mount-maker.ts';
import { NatMaker } from '../../server/devices/makers/nat-maker.ts';
import { NicMaker } from '../../server/devices/makers/nic-maker.ts';
import { NodeMaker } from '../../server/devices/makers/node-maker.ts';
import { RelayMaker } from '../../server/devices/makers/relay-maker.ts';
import { Events } from '../../server/events/events.ts';
import { tarTypes } from '../../server/images/tar-format.ts';
import { tarEnd, tarHeader } from '../../server/images/tar-writer.ts';
import { type Candidate, ProjectAdmission } from '../../server/instances/admission.ts';
import { BootFollower } from '../../server/instances/boot-follower.ts';
import { ChangeJournal } from '../../server/instances/change-journal.ts';
import { futureOwner } from '../../server/instances/check-expanded.ts';
import { InstanceCreator } from '../../server/instances/create-instance.ts';
import { InstanceDeleter } from '../../server/instances/delete-instance.ts';
import { DeviceApplier } from '../../server/instances/device-applier.ts';
import { IdRanges } from '../../server/instances/id-ranges.ts';
import { expand, type Instance, resourceOf } from '../../server/instances/instance.ts';
import { InstanceLocks } from '../../server/instances/instance-locks.ts';
import { InstanceRecords } from '../../server/instances/instance-records.ts';
import { Instances } from '../../server/instances/instances.ts';
import type { LiveApplier } from '../../server/instances/live-change.ts';
import { LiveChanges } from '../../server/instances/live-changes.ts';
import { ProfileChanges } from '../../server/instances/profile-changes.ts';
import { reconcile } from '../../server/instances/reconcile.ts';
import { InstanceStarter } from '../../server/instances/start-instance.ts';
import { StaticAddresses } from '../../server/instances/static-addresses.ts';
import { InstanceStopper } from '../../server/instances/stop-instance.ts';
import { Supervisor } from '../../server/instances/supervisor.ts';
import { InstanceMetadataRecords } from '../../server/instances/templates/instance-metadata.ts';
import { MetadataEditor } from '../../server/instances/templates/metadata-editor.ts';
import { InstanceUpdater } from '../../server/instances/update-instance.ts';
import { WithHost } from '../../server/instances/with-host.ts';
import { hasEnded, type OperationView } from '../../server/operations/operation.ts';
import { Operations } from '../../server/operations/operations.ts';
import { Profiles, parseProfile } from '../../server/profiles/profile.ts';
import { hasFeature, homeOf, parseProject } from '../../server/projects/project.ts';
import { Projects } from '../../server/projects/projects.ts';
import { FakeWorld } from './fake-world.ts';

/** The real verbs of instances on a world in memory: one "life" of a server; several may follow one another on a store. */
export async function fakeServer(world = new FakeWorld(), store = new MemoryStore()) {
  const log = silentLog;
  const events = new Events();
  const operations = new Operations({ log, publish: (payload, project) => events.publish(payload, project) });
  const turns = new Serial();
  const projects: Projects = new Projects({
    turns,
    records: new Collection(store, 'project/', parseProject),
    contents: async (project) => (await records.list(project)).map(resourceOf),
    members: async (project) => await Promise.all((await records.list(project)).map(member)),
    announce: () => {},
    belongings: {
      make: async (project) =>
        hasFeature(project, 'profiles') ? await profiles.defaultMade(project.name, 'default', 'yurtbr0') : {},
      move: async (from, to) => await profiles.moved(from, to),
      remove: async (name) => await profiles.removed(name),
    },
  });
  await projects.ensureDefault();
  const profiles = new Profiles(new Collection(store, 'profile/', parseProfile), (name) =>
    projects.home(name, 'profiles'),
  );
  await profiles.ensureDefault('default', 'default', 'yurtbr0');
  const expanded = async (instance: Candidate) =>
    expand(instance, await Promise.all(instance.profiles.map((name) => profiles.get(instance.project, name))));
  const member = async (instance: Instance) => ({ name: instance.name, ...(await expanded(instance)) });
  const admission = new ProjectAdmission({
    ...{ expanded, turns },
    project: (name) => projects.get(name),
    instances: (project) => records.list(project),
  });
  const ranges = new IdRanges(store, { first: 1_000_000, count: 10_000_000 }, 'fake');
  const records: InstanceRecords = new InstanceRecords(store, ranges, admission);
  const pool = () => world.storage;
  const hwaddr = (_uuid: string, _device: string, attempt: number) =>
    `00:16:3e:00:00:${attempt.toString(16).padStart(2, '0')}`;
  const checkNetwork = (name: string) => {
    if (name === 'nope') throw new Fault('not-found', `Network "${name}" does not exist`);
  };
  const addresses = new StaticAddresses({
    instances: () => records.list(),
    expander: () => expanded,
    ...{ network: () => world.network, hwaddr: () => '00:16:3e:00:00:01' },
  });
  const watched = new Map<string, readonly string[]>();
  const devices = new InstanceDevices({
    makers: {
      nic: new NicMaker({
        ...{ defaultProject: 'default', network: () => world.network, checkNetwork },
        claimed: async () => new Set(),
      }),
      mount: new MountMaker(world.instanceMounts),
      relay: new RelayMaker({ relays: world.relays, cgroupOf: (uuid) => world.runtime.cgroupOf(uuid) }),
      nat: new NatMaker({ firewall: world.firewall, network: () => world.network }),
      node: new NodeMaker({
        ...{ nodes: world.deviceNodes, mounts: world.instanceMounts, filter: world.deviceFilter },
        cgroupOf: (uuid) => world.runtime.cgroupOf(uuid),
      }),
    },
    runs: world.deviceRuns,
    hwaddr: () => '00:16:3e:00:00:01',
    watch: (uuid, paths) => void watched.set(uuid, paths),
  });
  const locks = new InstanceLocks();
  const metadata = new InstanceMetadataRecords(store);
  const metadataEditor = new MetadataEditor({ records, metadata, locks, events });
  const profileUse = new Serial();
  const ends: Promise<void>[] = [];
  const supervisor: Supervisor = new Supervisor({
    ...{ log, records, expanded, pool, devices, runtime: world.runtime, limits: world.limits },
    forgetAgent: async (uuid) => void world.agents.delete(uuid),
    ended: (instance, reason) => void ends.push(instances.afterEnd(instance, reason)),
  });
  const follower = new BootFollower({ log, probe: async () => ({ ready: true, initState: '' }), ready: () => {} });
  const stopper = new InstanceStopper({ runtime: world.runtime, supervisor, command: async () => 0 });
  const sources = {
    ...{ checkNetwork, addresses, hwaddr, profileUse },
    profile: (project: string, name: string) => profiles.get(project, name),
    image: async () => ({ fingerprint: 'f'.repeat(64), architecture: 'x86_64', properties: { os: 'Fake' } }),
    unpackImage: async () => {},
    ...{ metadata, templates: async () => world.imageTemplates },
  };
  const snapshots = openSnapshots({
    ...{ log, store, records, locks, operations, events, supervisor, runtime: world.runtime, stopper, pool, expanded },
    ...{ admission, agents: world.agentFreezer },
    ...{ surroundings: { checkNetwork }, freeRoot: async () => {}, ...sources },
    start: (task, instance) => instances.startHeld(task, instance),
  });
  const deleter = new InstanceDeleter({
    ...{ records, expanded, pool },
    removeFiles: async () => {},
    removeSnapshots: snapshots.removeAll,
  });
  const backups = openBackups(
    {
      ...{ records, locks, operations, events, supervisor, stopper, pool, output: fakeTar, admission, ...sources },
      ...{ architecture: 'x86_64', surroundings: { checkNetwork }, deleter },
      unpack: async (_task, _directory, content) => {
        for await (const _ of content);
      },
      start: (task, instance) => instances.startHeld(task, instance),
    },
    snapshots,
  );
  const instances: Instances = new Instances({
    ...{ log, records, locks, operations, events, supervisor, follower, deleter, runtime: world.runtime },
    freeRoot: async () => {},
    beforeStart: (task, instance, check) => snapshots.schedule.beforeStart(task, instance, check),
    creator: new InstanceCreator({
      ...{ records, admission, pool, ...sources },
      checkDevices: (given) => devices.check(devices.plan(futureOwner, given)),
    }),
    starter: new InstanceStarter({
      ...{ records, expanded, pool, devices, runtime: world.runtime, limits: world.limits, spec: () => ({}) as never },
      templates: world.templates,
      check: (instance, holds) => admission.checkStart(instance, holds),
      guestInit: async () => ({
        kind: 'busybox',
        argv: ['/sbin/init'],
        halt: { kind: 'signals', signals: ['SIGUSR2'] },
      }),
      consoleLogPath: (uuid) => `/fake/${uuid}.log`,
    }),
    stopper,
  });
  const withHost = new WithHost({
    ...{ log, records, expanded, supervisor, stopper, operations },
    start: (project, name) => instances.start(project, name),
  });
  const sharing = async (home: string) => {
    const all = await projects.list();
    return all.filter((project) => homeOf(project, 'profiles') === home).map(({ name }) => name);
  };
  const pid = async (uuid: string) => (await world.runtime.state(uuid))?.pid;
  const appliers: LiveApplier[] = [];
  for (const scope of ['others', 'all'] as const) appliers.push(new DeviceApplier({ devices, pid, scope }));
  const live = new LiveChanges({ appliers, supervisor, journal: new ChangeJournal(store) });
  const surroundings = { checkNetwork };
  const changing = { records, locks, supervisor, events, live, profileUse, hwaddr, surroundings, addresses };
  const updater = new InstanceUpdater({
    ...changing,
    profile: (project, name) => profiles.get(project, name),
  });
  const profileChanges = new ProfileChanges({ ...changing, profiles, admission, sharing });
  const restart = async (hostRebooted: boolean) => {
    await snapshots.begin();
    const toStart = await reconcile({
      finishPending: snapshots.finishPending,
      log,
      records,
      expanded,
      runtime: world.runtime,
      limits: world.limits,
      supervisor,
      follower,
      deleter,
      hostRebooted,
      repairDevices: async (instance, pid) =>
        await devices.repair(ownTask(log), instance, pid, devices.plan(instance, (await expanded(instance)).devices)),
    });
    await snapshots.repair();
    return toStart;
  };
  return {
    world,
    store,
    events,
    operations,
    projects,
    admission,
    profiles,
    records,
    ...{ metadata, metadataEditor, backups },
    ...{ log, expanded, snapshots: snapshots.verbs, moves: snapshots.moves },
    locks,
    supervisor,
    instances,
    withHost,
    devices,
    updater,
    profileChanges,
    live,
    expanded,
    appliers,
    ends,
    restart,
  };
}

export type FakeServer = Awaited<ReturnType<typeof fakeServer>>;

/** What tar prints of an empty root. */
async function* fakeTar(): AsyncGenerator<Uint8Array, void, void> {
  const attributes = new Map<string, string>();
  const empty = { linkName: '', mode: 0o755, uid: 0, gid: 0, sizeBytes: 0, mtime: 1, attributes };
  yield Buffer.concat([tarHeader({ ...empty, name: './', type: tarTypes.directory }), tarEnd]);
}

/** The operation as it ended. */
export async function ended(server: FakeServer, operation: OperationView): Promise<OperationView> {
  for await (const view of server.operations.watch(operation.id, AbortSignal.timeout(10_000))) {
    if (hasEnded(view)) return view;
  }
  throw new Error(`operation ${operation.kind} did not end`);
}

import { Fault } from '../../server/base/fault.ts';
import { silentLog } from '../../server/base/log.ts';
import { Serial } from '../../server/base/serial.ts';
import { openSnapshots } from '../../server/daemon/snapshots.ts';
import { Collection } from '../../server/db/collection.ts';
import { MemoryStore } from '../../server/db/memory-store.ts';
import { Events } from '../../server/events/events.ts';
import { BootFollower } from '../../server/instances/boot-follower.ts';
import { ChangeJournal } from '../../server/instances/change-journal.ts';
import { InstanceCreator } from '../../server/instances/create-instance.ts';
import { InstanceDeleter } from '../../server/instances/delete-instance.ts';
import { IdRanges } from '../../server/instances/id-ranges.ts';
import { expand, type Instance } from '../../server/instances/instance.ts';
import { InstanceLocks } from '../../server/instances/instance-locks.ts';
import { InstanceRecords } from '../../server/instances/instance-records.ts';
import { Instances } from '../../server/instances/instances.ts';
import type { LiveApplier } from '../../server/instances/live-change.ts';
import { LiveChanges } from '../../server/instances/live-changes.ts';
import { Nics } from '../../server/instances/nics.ts';
import { ProfileChanges } from '../../server/instances/profile-changes.ts';
import { reconcile } from '../../server/instances/reconcile.ts';
import { InstanceStarter } from '../../server/instances/start-instance.ts';
import { InstanceStopper } from '../../server/instances/stop-instance.ts';
import { Supervisor } from '../../server/instances/supervisor.ts';
import { InstanceUpdater } from '../../server/instances/update-instance.ts';
import { hasEnded, type OperationView } from '../../server/operations/operation.ts';
import { Operations } from '../../server/operations/operations.ts';
import { Profiles, parseProfile } from '../../server/profiles/profile.ts';
import { FakeWorld } from './fake-world.ts';

/** The real verbs of instances on a world in memory: one "life" of a server; several may follow one another on a store. */
export async function fakeServer(world = new FakeWorld(), store = new MemoryStore()) {
  const log = silentLog;
  const events = new Events();
  const operations = new Operations({ log, publish: (payload, project) => events.publish(payload, project) });
  const profiles = new Profiles(new Collection(store, 'profile/', parseProfile));
  await profiles.ensureDefault('default', 'default', 'yurtbr0');
  const records = new InstanceRecords(store, new IdRanges(store, { first: 1_000_000, count: 10_000_000 }, 'fake'));
  const expanded = async (instance: Instance) =>
    expand(instance, await Promise.all(instance.profiles.map((name) => profiles.get(instance.project, name))));
  const pool = () => world.storage;
  const hwaddr = (_uuid: string, _device: string, attempt: number) =>
    `00:16:3e:00:00:${attempt.toString(16).padStart(2, '0')}`;
  const checkNetwork = (name: string) => {
    if (name === 'nope') throw new Fault('not-found', `Network "${name}" does not exist`);
  };
  const nics = new Nics({ network: () => world.network, hwaddr: () => '00:16:3e:00:00:01' });
  const locks = new InstanceLocks();
  const profileUse = new Serial();
  const ends: Promise<void>[] = [];
  const supervisor: Supervisor = new Supervisor({
    ...{ log, records, expanded, pool, nics, runtime: world.runtime },
    forgetAgent: async (uuid) => void world.agents.delete(uuid),
    ended: (instance, reason) => void ends.push(instances.afterEnd(instance, reason)),
  });
  const follower = new BootFollower({ log, probe: async () => ({ ready: true, initState: '' }), ready: () => {} });
  const stopper = new InstanceStopper({ runtime: world.runtime, supervisor, command: async () => 0 });
  const sources = {
    ...{ checkNetwork, hwaddr, profileUse },
    profile: (project: string, name: string) => profiles.get(project, name),
    image: async () => ({ fingerprint: 'f'.repeat(64), architecture: 'x86_64', properties: { os: 'Fake' } }),
    unpackImage: async () => {},
  };
  const snapshots = openSnapshots({
    ...{ log, store, records, locks, operations, events, supervisor, runtime: world.runtime, stopper, pool, expanded },
    ...{ surroundings: { checkNetwork }, ...sources },
    start: (task, instance) => instances.startHeld(task, instance),
  });
  const deleter = new InstanceDeleter({
    records,
    pool,
    removeFiles: async () => {},
    removeSnapshots: snapshots.removeAll,
  });
  const instances: Instances = new Instances({
    ...{ log, records, locks, operations, events, supervisor, follower, deleter, runtime: world.runtime },
    creator: new InstanceCreator({
      ...{ records, pool, ...sources },
    }),
    starter: new InstanceStarter({
      ...{ records, expanded, pool, nics, runtime: world.runtime, spec: () => ({}) as never },
      guestInit: async () => ({
        kind: 'busybox',
        argv: ['/sbin/init'],
        halt: { kind: 'signals', signals: ['SIGUSR2'] },
      }),
      consoleLogPath: (uuid) => `/fake/${uuid}.log`,
    }),
    stopper,
  });
  const appliers: LiveApplier[] = [];
  const live = new LiveChanges({ appliers, supervisor, journal: new ChangeJournal(store) });
  const changing = { records, locks, supervisor, events, live, profileUse, hwaddr, surroundings: { checkNetwork } };
  const updater = new InstanceUpdater({
    ...changing,
    profile: (project, name) => profiles.get(project, name),
  });
  const profileChanges = new ProfileChanges({ ...changing, profiles });
  const restart = async (hostRebooted: boolean) => {
    await snapshots.begin();
    const { finishPending } = snapshots;
    const deps = { log, records, expanded, runtime: world.runtime, supervisor, follower, deleter, hostRebooted };
    const toStart = await reconcile({ ...deps, finishPending });
    await snapshots.repair();
    return toStart;
  };
  return {
    world,
    store,
    events,
    operations,
    profiles,
    records,
    ...{ log, expanded, snapshots: snapshots.verbs, moves: snapshots.moves },
    locks,
    supervisor,
    instances,
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

/** The operation as it ended. */
export async function ended(server: FakeServer, operation: OperationView): Promise<OperationView> {
  for await (const view of server.operations.watch(operation.id, AbortSignal.timeout(10_000))) {
    if (hasEnded(view)) return view;
  }
  throw new Error(`operation ${operation.kind} did not end`);
}

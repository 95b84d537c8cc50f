import type { Log } from '../base/log.ts';
import { ownTask, type Task } from '../base/task.ts';
import type { Store } from '../db/store.ts';
import type { Events } from '../events/events.ts';
import type { ProjectAdmission } from '../instances/admission.ts';
import { Freezer, type HeldAgents } from '../instances/freezer.ts';
import { HeldWork } from '../instances/held-work.ts';
import type { Instance } from '../instances/instance.ts';
import type { InstanceLocks } from '../instances/instance-locks.ts';
import type { InstanceMoves } from '../instances/instance-moves.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import type { InstanceRefresher } from '../instances/refresh-instance.ts';
import type { Supervisor } from '../instances/supervisor.ts';
import type { Operations } from '../operations/operations.ts';
import type { Runtime } from '../runtime/contract.ts';
import { type RestoreDeps, SnapshotRestorer } from '../snapshots/restore-snapshot.ts';
import { SnapshotRecords } from '../snapshots/snapshot-records.ts';
import { SnapshotSchedule } from '../snapshots/snapshot-schedule.ts';
import { Snapshots } from '../snapshots/snapshots.ts';
import { SnapshotTaker } from '../snapshots/take-snapshot.ts';
import { type MovesWiring, openMoves } from './instance-moves.ts';

export interface SnapshotsWiring extends Omit<RestoreDeps, 'snapshots' | 'supervisor' | 'metadata'>, MovesWiring {
  readonly log: Log;
  readonly store: Store;
  readonly admission: ProjectAdmission;
  readonly locks: InstanceLocks;
  readonly operations: Operations;
  readonly events: Events;
  readonly supervisor: Supervisor;
  readonly runtime: Runtime;
  readonly agents: HeldAgents;
}

/** The domain of snapshots, wired. */
export interface SnapshotParts {
  readonly verbs: Snapshots;
  readonly moves: InstanceMoves;
  readonly refresher: InstanceRefresher;
  /** How many there are, by the uuid of their instance: of one, or of all. */
  readonly count: (instance?: string) => Promise<ReadonlyMap<string, number>>;
  readonly taker: SnapshotTaker;
  readonly records: SnapshotRecords;
  /** Removes the snapshots of an instance that is being removed. */
  readonly removeAll: (task: Task, instance: Instance) => Promise<void>;
  readonly finishPending: (instance: Instance, runs: boolean) => Promise<boolean>;
  /** After a start of the server, before anything is done to instances: lets go what an earlier one held still. */
  begin(): Promise<void>;
  /** Begins to take and remove what is due; stops when the server does. */
  readonly schedule: SnapshotSchedule;
  /** After instances were found again: removes what is half-made, and returns the uuids of what there is. */
  repair(): Promise<ReadonlySet<string>>;
}

export function openSnapshots(wiring: SnapshotsWiring): SnapshotParts {
  const { log, store, supervisor, pool, freeRoot, metadata } = wiring;
  const snapshots = new SnapshotRecords(store);
  const freezer = new Freezer(wiring);
  const taker = new SnapshotTaker({ snapshots, metadata, pool, supervisor, freezer, freeRoot });
  const restorer = new SnapshotRestorer({ ...wiring, snapshots });
  const work = new HeldWork(wiring.locks, wiring.operations);
  const verbs = new Snapshots({ ...wiring, snapshots, taker, restorer, work });
  const { moves, rebuilder, refresher } = openMoves(wiring, { work, taker, snapshots });
  return {
    ...{ verbs, moves, refresher, taker, records: snapshots },
    count: (instance) => verbs.count(instance),
    schedule: new SnapshotSchedule({ ...wiring, snapshots: verbs }),
    removeAll: (task, instance) => taker.removeAll(task, instance),
    finishPending: async (instance, runs) => {
      // What runs was not stopped for it yet: nothing had been changed.
      if (runs) await wiring.records.update(instance, { pending: undefined });
      else if (instance.pending?.kind === 'restore') return await restorer.finish(ownTask(log), instance);
      else if (instance.pending?.kind === 'publish') return await startAfter(wiring.records, instance);
      else if (instance.pending?.kind === 'refresh') await refresher.finish(ownTask(log), instance);
      else return await rebuilder.finish(ownTask(log), instance);
      return false;
    },
    begin: () => freezer.releaseAll(),
    repair: async () => new Set((await taker.repair(ownTask(log))).map(({ uuid }) => uuid)),
  };
}

/** One whose root was to be kept for an image has not changed: it was only stopped for it. */
async function startAfter(records: InstanceRecords, instance: Instance): Promise<boolean> {
  await records.update(instance, { pending: undefined, power: 'running' });
  return true;
}

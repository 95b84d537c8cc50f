import type { Task } from '../base/task.ts';
import { InstanceCopier } from '../instances/copy-instance.ts';
import { type CreateDeps, freeName, type SourceImage } from '../instances/create-instance.ts';
import type { HeldWork } from '../instances/held-work.ts';
import { InstanceMoves } from '../instances/instance-moves.ts';
import { InstanceRebuilder } from '../instances/rebuild-instance.ts';
import { InstanceRefresher } from '../instances/refresh-instance.ts';
import type { InstanceMetadataRecords } from '../instances/templates/instance-metadata.ts';
import type { SnapshotRecords } from '../snapshots/snapshot-records.ts';
import type { SnapshotTaker } from '../snapshots/take-snapshot.ts';
import type { SnapshotsWiring } from './snapshots.ts';

/** What copies and fresh roots need besides what snapshots do. */
export interface MovesWiring extends Pick<CreateDeps, 'profile' | 'profileUse' | 'hwaddr' | 'templates'> {
  readonly metadata: InstanceMetadataRecords;
  readonly image: (project: string, reference: string) => Promise<SourceImage>;
  readonly unpackImage: (task: Task, fingerprint: string, directory: string) => Promise<void>;
}

export interface KeptParts {
  readonly work: HeldWork;
  readonly taker: SnapshotTaker;
  readonly snapshots: SnapshotRecords;
}

/** Copies, other names and other roots of instances, wired. */
export function openMoves(wiring: SnapshotsWiring, { work, taker, snapshots }: KeptParts) {
  const copier = new InstanceCopier({
    ...wiring,
    snapshot: (instance, name) => snapshots.get(instance, name),
    sourceOf: (instance) => taker.sourceOf(instance),
    copySnapshots: (task, revert, from, to) => taker.copyAll(task, revert, from, to),
    freeName: (project) => freeName(wiring.records, project),
  });
  const rebuilder = new InstanceRebuilder(wiring);
  const refresher = new InstanceRefresher({
    ...wiring,
    snapshot: (instance, name) => snapshots.get(instance, name),
    snapshotById: (instance, uuid) => snapshots.byId(instance, uuid),
    whileKept: (task, instance, use) => taker.whileKept(task, instance, use),
    followSnapshots: (task, revert, from, to) => taker.followAll(task, revert, from, to),
  });
  return { moves: new InstanceMoves({ ...wiring, work, copier, rebuilder, refresher }), rebuilder, refresher };
}

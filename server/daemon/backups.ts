import { InstancePublisher, type PublishDeps } from '../backups/publish-instance.ts';
import { HeldWork } from '../instances/held-work.ts';
import type { InstanceLocks } from '../instances/instance-locks.ts';
import type { SnapshotParts } from './snapshots.ts';

export interface BackupsWiring extends Omit<PublishDeps, 'snapshots' | 'taker' | 'work'> {
  readonly locks: InstanceLocks;
}

/** What makes other things of instances, and instances of other things, wired. */
export interface BackupParts {
  readonly publisher: InstancePublisher;
}

export function openBackups(wiring: BackupsWiring, { records, taker }: SnapshotParts): BackupParts {
  const work = new HeldWork(wiring.locks, wiring.operations);
  return { publisher: new InstancePublisher({ ...wiring, snapshots: records, taker, work }) };
}

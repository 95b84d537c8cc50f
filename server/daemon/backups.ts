import { type ExportDeps, InstanceExporter } from '../backups/export-instance.ts';
import { type ImportDeps, InstanceImporter } from '../backups/import-instance.ts';
import { InstancePublisher, type PublishDeps } from '../backups/publish-instance.ts';
import { imageLimits } from '../images/image-filter.ts';
import type { InstanceDeleter } from '../instances/delete-instance.ts';
import { HeldWork } from '../instances/held-work.ts';
import type { InstanceLocks } from '../instances/instance-locks.ts';
import type { SnapshotParts } from './snapshots.ts';
import { openTransfers, type TransferParts } from './transfers.ts';

export interface BackupsWiring
  extends Omit<PublishDeps & ExportDeps & ImportDeps, 'snapshots' | 'taker' | 'work' | 'limits'> {
  readonly locks: InstanceLocks;
  readonly deleter: InstanceDeleter;
}

/** What makes other things of instances, and instances of other things, wired. */
export interface BackupParts {
  readonly publisher: InstancePublisher;
  readonly exporter: InstanceExporter;
  readonly importer: InstanceImporter;
  readonly transfers: TransferParts;
}

export function openBackups(wiring: BackupsWiring, { records, taker, refresher }: SnapshotParts): BackupParts {
  const work = new HeldWork(wiring.locks, wiring.operations);
  const deps = { ...wiring, snapshots: records, taker, work, limits: imageLimits };
  const [exporter, importer] = [new InstanceExporter(deps), new InstanceImporter(deps)];
  return {
    ...{ exporter, importer, publisher: new InstancePublisher(deps) },
    transfers: openTransfers({ ...deps, exporter, importer, refresher }),
  };
}

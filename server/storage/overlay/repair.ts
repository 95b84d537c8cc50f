import type { Task } from '../../base/task.ts';
import type { Mounts } from '../../host/mounts.ts';
import type { KnownVolumes } from '../contract.ts';
import type { PoolDirectory } from '../pool-directory.ts';
import { isFingerprint, isId, places } from './layout.ts';
import type { Staging } from './staging.ts';
import type { Trash } from './trash.ts';
import type { Volumes } from './volumes.ts';

export interface RepairDeps {
  readonly pool: PoolDirectory;
  readonly mounts: Mounts;
  readonly volumes: Volumes;
  readonly staging: Staging;
  readonly trash: Trash;
}

/** Brings a pool back to what whole volumes need. Idempotent, and each step may be the last that a server lives to make. */
export async function repairPool(task: Task, known: KnownVolumes, deps: RepairDeps): Promise<void> {
  // First: what is thrown away below must not contain a mounted layer of somebody else.
  await unmountAll(task, deps);
  for (const place of await deps.staging.stale()) {
    task.log.info({ place: place.join('/') }, 'removing a half-made volume');
    await deps.trash.throwAway(place);
  }
  for (const id of deps.volumes.ids()) {
    if (!known.instances.has(id))
      task.log.warn({ instance: id }, 'the root of an instance that no record knows is kept');
  }
  for (const id of deps.volumes.snapshotIds()) {
    if (!known.snapshots.has(id)) task.log.warn({ snapshot: id }, 'a snapshot that no record knows is kept');
  }
  await sweepImages(task, known, deps);
  await sweepLayers(task, deps);
  deps.trash.empty();
}

/** Also those of roots that are in use: whoever runs has a copy of his own (docs/decisions/0002-root-mount-hidden.md). */
async function unmountAll(task: Task, { pool, mounts }: RepairDeps): Promise<void> {
  for (const point of await mounts.below(pool.path(places.pool))) {
    task.log.info({ path: point }, 'removing a stale mount');
    await mounts.unmount(point);
  }
}

async function sweepImages(task: Task, known: KnownVolumes, { pool, volumes, trash }: RepairDeps): Promise<void> {
  for (const fingerprint of await pool.list(places.images)) {
    if (!isFingerprint(fingerprint) || known.images.has(fingerprint) || volumes.usesImage(fingerprint)) continue;
    task.log.info({ fingerprint }, 'removing an image that nothing needs');
    await trash.throwAway(places.image(fingerprint));
  }
}

async function sweepLayers(task: Task, { pool, volumes, trash }: RepairDeps): Promise<void> {
  for (const id of await pool.list(places.layers)) {
    if (!isId(id) || volumes.usesLayer(id)) continue;
    task.log.info({ layer: id }, 'removing a layer that nothing has');
    await trash.throwAway(places.layer(id));
  }
}

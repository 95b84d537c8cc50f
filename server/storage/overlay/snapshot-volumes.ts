import { Fault } from '../../base/fault.ts';
import { Revert } from '../../base/revert.ts';
import type { Task } from '../../base/task.ts';
import type { Source } from '../contract.ts';
import type { PoolDirectory } from '../pool-directory.ts';
import type { Layers } from './layers.ts';
import { attributesOf, places } from './layout.ts';
import type { SharedStacks } from './shared-stacks.ts';
import type { Staging } from './staging.ts';
import type { Trash } from './trash.ts';
import { formatVolume, type Volume } from './volume.ts';
import type { Volumes } from './volumes.ts';

export interface SnapshotVolumesDeps {
  readonly pool: PoolDirectory;
  readonly volumes: Volumes;
  readonly layers: Layers;
  readonly stacks: SharedStacks;
  readonly staging: Staging;
  readonly trash: Trash;
}

/** The volumes of snapshots: descriptions that name layers. The caller lets one action at a time work on each. */
export class SnapshotVolumes {
  readonly #deps: SnapshotVolumesDeps;

  constructor(deps: SnapshotVolumesDeps) {
    this.#deps = deps;
  }

  async create(task: Task, id: string, source: Source): Promise<void> {
    const { pool, volumes, layers, stacks, staging, trash } = this.#deps;
    if (volumes.has(id)) throw new Fault('already-exists', 'It exists');
    const before = volumes.layersOf(source.id);
    await using revert = new Revert(task.log);
    const volume: Volume = await stacks.of(task, revert, source);
    volumes.setSnapshot(id, volume);
    revert.push('forget the snapshot', () => volumes.forget(id));
    await using staged = staging.begin();
    await pool.makeDirectory(staged.place, attributesOf.private);
    await pool.create([...staged.place, 'volume.json'], formatVolume(volume));
    task.signal.throwIfAborted();
    await staged.moveTo(places.snapshot(id));
    revert.push('remove the snapshot', () => trash.throwAway(places.snapshot(id)));
    await pool.sync([places.snapshotVolume(id), places.snapshots, places.layers]);
    revert.commit();
    await layers.sweep(task, before); // what was written anew as one layer may have been the source's alone
  }

  async delete(task: Task, id: string): Promise<void> {
    const { volumes, layers, trash } = this.#deps;
    const before = volumes.layersOf(id);
    await trash.throwAway(places.snapshot(id));
    volumes.forget(id);
    await layers.sweep(task, before);
  }
}

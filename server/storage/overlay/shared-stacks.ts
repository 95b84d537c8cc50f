import { Fault } from '../../base/fault.ts';
import type { IdMap } from '../../base/id-map.ts';
import { Revert } from '../../base/revert.ts';
import type { Task } from '../../base/task.ts';
import type { Source } from '../contract.ts';
import type { PoolDirectory } from '../pool-directory.ts';
import type { InstanceVolumes } from './instance-volumes.ts';
import type { Layers } from './layers.ts';
import { attributesOf, places } from './layout.ts';
import { isForeignUpper, type Roots } from './roots.ts';
import type { Staging } from './staging.ts';
import { type Layer, maxDepth, topLayer, type Volume } from './volume.ts';
import type { Volumes } from './volumes.ts';

export interface SharedStacksDeps {
  readonly pool: PoolDirectory;
  readonly volumes: Volumes;
  readonly layers: Layers;
  readonly instances: InstanceVolumes;
  readonly roots: Roots;
  readonly staging: Staging;
}

/** Stacks of layers that nobody writes to any more, for snapshots and copies to stand on. */
export class SharedStacks {
  readonly #deps: SharedStacksDeps;

  constructor(deps: SharedStacksDeps) {
    this.#deps = deps;
  }

  /**
   * What a source holds now. An instance that is not in use gets a new last layer, and its present ones are shared: constant
   * time. Of one in use the last layer is copied. The caller keeps others from the source until a volume names the layers.
   */
  async of(task: Task, revert: Revert, { id, frozen }: Source): Promise<Volume> {
    const { volumes, layers, instances, roots } = this.#deps;
    if (volumes.isSnapshot(id)) return volumes.snapshot(id);
    const volume = volumes.get(id);
    const top = topLayer(volume);
    const below = { ...volume, layers: volume.layers.slice(0, -1) };
    if (frozen === undefined && (await roots.isMounted(id))) throw new Fault('in-use', 'It is mounted');
    if (frozen !== undefined) {
      task.report({ stage: 'Copying what is being written' });
      return { ...below, layers: [...below.layers, await layers.copy(task, revert, top, frozen)] };
    }
    // Nothing was written since it was shared last: snapshots of an idle instance do not let its stack grow.
    if (below.layers.length > 0 && (await layers.isFresh(top))) return below;
    const asItIs = volume.layers.length < maxDepth && !(await layers.hasIndex(top));
    const shared = asItIs ? volume : await this.#flattenInstance(task, revert, id, volume);
    await instances.standOn(task, revert, id, shared, top.idMap);
    return shared;
  }

  /** The same content as one layer, stored with the ids of `idMap`: takes as long as copying all of it. */
  async flatten(task: Task, revert: Revert, volume: Volume, idMap: IdMap): Promise<Volume> {
    const { pool, layers } = this.#deps;
    task.report({ stage: 'Writing the layers of the root as one' });
    const flat = await this.look(task, volume, idMap, (root) =>
      layers.fill(revert, idMap, (layer) => pool.copyTree(root, places.diff(layer.id), task.signal)),
    );
    await pool.syncAll();
    return { layers: [flat] };
  }

  /** That of an instance: mounted as for a start, so that files with several names below stay one file. */
  async #flattenInstance(task: Task, revert: Revert, id: string, volume: Volume): Promise<Volume> {
    const { pool, layers, roots } = this.#deps;
    const { idMap } = topLayer(volume);
    task.report({ stage: 'Writing the layers of the root as one' });
    try {
      await roots.mount(task, id, volume);
    } catch (error) {
      if (!isForeignUpper(error)) throw error;
      return await this.flatten(task, revert, volume, idMap);
    }
    try {
      const copy = (layer: Layer) => pool.copyTree(places.root(id), places.diff(layer.id), task.signal);
      const flat = await layers.fill(revert, idMap, copy);
      await pool.syncAll();
      return { layers: [flat] };
    } finally {
      await roots.unmount(id);
    }
  }

  /** Mounts the content read-only, with the ids of `idMap`, while `use` runs. */
  async look<Result>(
    task: Task,
    volume: Volume,
    idMap: IdMap,
    use: (root: readonly string[]) => Promise<Result>,
  ): Promise<Result> {
    const { pool, staging, roots } = this.#deps;
    await using staged = staging.begin();
    await pool.makeDirectory(staged.place, attributesOf.private);
    await using cleanUp = new Revert(task.log); // never committed
    return await use(await roots.show(task, cleanUp, volume, idMap, staged.place));
  }
}

import { Fault } from '../../base/fault.ts';
import type { IdMap } from '../../base/id-map.ts';
import type { Revert } from '../../base/revert.ts';
import type { Task } from '../../base/task.ts';
import type { Attributes, PoolDirectory } from '../pool-directory.ts';
import { attributesOf, places } from './layout.ts';
import type { Trash } from './trash.ts';
import { type Layer, newLayer, topLayer, type Volume } from './volume.ts';
import type { Volumes } from './volumes.ts';

export interface LayersDeps {
  readonly pool: PoolDirectory;
  readonly volumes: Volumes;
  readonly trash: Trash;
}

/** The layers of a pool. One that no volume names is garbage, which the next server removes. */
export class Layers {
  readonly #deps: LayersDeps;

  constructor(deps: LayersDeps) {
    this.#deps = deps;
  }

  /** An empty layer, whose root directory has these attributes. */
  async make(revert: Revert, idMap: IdMap, root: Attributes): Promise<Layer> {
    const layer = newLayer(idMap);
    await this.put(revert, layer, root);
    return layer;
  }

  /** The same under an id that is known already. */
  async put(revert: Revert, layer: Layer, root: Attributes): Promise<void> {
    await this.#around(revert, layer, () => this.#deps.pool.makeDirectory(places.diff(layer.id), root));
  }

  /** A layer whose content `fill` makes at `places.diff`. */
  async fill(revert: Revert, idMap: IdMap, fill: (layer: Layer) => Promise<void>): Promise<Layer> {
    const layer = newLayer(idMap);
    await this.#around(revert, layer, () => fill(layer));
    return layer;
  }

  /** An empty layer to go on top of a stack: its root directory looks like that below. */
  async makeOn(revert: Revert, below: Volume, idMap: IdMap): Promise<Layer> {
    const { id, idMap: stored } = topLayer(below);
    const root = await this.#deps.pool.attributes(places.diff(id));
    if (root === undefined) throw new Fault('internal', `Its layer ${id} is missing`);
    return await this.make(revert, idMap, shifted(root, idMap.hostBase - stored.hostBase));
  }

  /** A copy of a layer that is written to, except by whoever `still` keeps from it. */
  async copy(
    task: Task,
    revert: Revert,
    source: Layer,
    still: (work: () => Promise<void>) => Promise<void>,
  ): Promise<Layer> {
    const { pool } = this.#deps;
    const copied = await this.fill(revert, source.idMap, async (layer) => {
      await still(() => pool.copyTree(places.diff(source.id), places.diff(layer.id), task.signal));
    });
    // Once a volume names it, it counts as whole, also after a power failure.
    await pool.syncAll();
    return copied;
  }

  /** Removes those of the layers that no volume names. Never fails: what stays, the next server removes. */
  async sweep(task: Task, ids: readonly string[]): Promise<void> {
    const { volumes, trash } = this.#deps;
    for (const id of ids) {
      if (volumes.usesLayer(id)) continue;
      try {
        await trash.throwAway(places.layer(id));
      } catch (error) {
        task.log.warn({ err: error, layer: id }, 'a layer that nothing has could not be removed');
      }
    }
  }

  /** Whether the layer was never part of a mounted root: then it is empty. */
  async isFresh({ id }: Layer): Promise<boolean> {
    return (await this.#deps.pool.list(places.work(id))).length === 0; // the kernel makes its own directories there
  }

  /**
   * Whether the layer holds a file that has more names below, in a layer of its stack: the names are one file by the index of
   * the overlay (`index=on`), which counts only while the layer is the last.
   */
  async hasIndex({ id }: Layer): Promise<boolean> {
    return (await this.#deps.pool.list([...places.work(id), 'index'])).length > 0;
  }

  async #around(revert: Revert, { id }: Layer, content: () => Promise<void>): Promise<void> {
    const { pool, trash } = this.#deps;
    revert.push('remove the layer', () => trash.throwAway(places.layer(id)));
    await pool.makeDirectory(places.layer(id), attributesOf.private);
    await content();
    await pool.makeDirectory(places.work(id), attributesOf.private);
  }
}

export function shifted({ mode, uid, gid }: Attributes, by: number): Attributes {
  return { mode, uid: uid + by, gid: gid + by };
}

import { randomUUID } from 'node:crypto';
import { Fault } from '../../base/fault.ts';
import type { IdMap } from '../../base/id-map.ts';
import { Revert } from '../../base/revert.ts';
import type { Task } from '../../base/task.ts';
import type { Attributes, PoolDirectory } from '../pool-directory.ts';
import type { ImageVolumes } from './image-volumes.ts';
import { attributesOf, places } from './layout.ts';
import type { Staging } from './staging.ts';
import type { Trash } from './trash.ts';
import { formatVolume, type Layer, maxLayers, topLayer, type Volume } from './volume.ts';
import type { Volumes } from './volumes.ts';

export interface InstanceVolumesDeps {
  readonly pool: PoolDirectory;
  readonly volumes: Volumes;
  readonly images: ImageVolumes;
  readonly staging: Staging;
  readonly trash: Trash;
}

/** The volumes of instances: a stack of layers on an image each. The caller lets one action at a time work on an instance. */
export class InstanceVolumes {
  readonly #deps: InstanceVolumesDeps;

  constructor(deps: InstanceVolumesDeps) {
    this.#deps = deps;
  }

  async create(task: Task, id: string, fingerprint: string, idMap: IdMap): Promise<void> {
    const { pool, volumes, images, staging, trash } = this.#deps;
    if (volumes.has(id)) throw new Fault('already-exists', 'It exists');
    await using revert = new Revert(task.log);
    const layer: Layer = { id: randomUUID(), idMap };
    const volume: Volume = { image: fingerprint, layers: [layer] };
    const imageRoot = await images.claim(id, volume);
    revert.push('forget the volume', () => volumes.forget(id));
    await this.#makeLayer(revert, layer, shifted(imageRoot, idMap.hostBase));
    await using staged = staging.begin();
    await pool.makeDirectory(staged.place, attributesOf.instance(idMap.hostBase));
    await pool.makeDirectory([...staged.place, 'root'], attributesOf.private);
    await pool.makeDirectory([...staged.place, 'lower'], attributesOf.private);
    await pool.create([...staged.place, 'volume.json'], formatVolume(volume));
    task.signal.throwIfAborted();
    await staged.moveTo(places.instance(id));
    revert.push('remove the volume', () => trash.throwAway(places.instance(id)));
    await pool.sync([places.volume(id), places.instances, places.layers]);
    revert.commit();
  }

  async delete(id: string): Promise<void> {
    const { volumes, trash } = this.#deps;
    const layers = volumes.layersOf(id);
    await trash.throwAway(places.instance(id));
    volumes.forget(id);
    for (const layer of layers) {
      if (!volumes.usesLayer(layer)) await trash.throwAway(places.layer(layer));
    }
  }

  /**
   * Puts a new layer on the stack, written with `idMap`; the one that was the last is never written to again. This is how
   * a root gets other ids in constant time. Fault `exhausted` for more than `maxLayers`.
   */
  async addLayer(task: Task, id: string, idMap: IdMap): Promise<Volume> {
    const { pool, volumes } = this.#deps;
    const before = volumes.get(id);
    if (before.layers.length >= maxLayers) throw new Fault('exhausted', `It has ${maxLayers} layers already`);
    const below = topLayer(before);
    const root = await pool.attributes(places.diff(below.id));
    if (root === undefined) throw new Fault('internal', `Its layer ${below.id} is missing`);
    const layer: Layer = { id: randomUUID(), idMap };
    const volume: Volume = { ...before, layers: [...before.layers, layer] };
    await using revert = new Revert(task.log);
    volumes.set(id, volume);
    revert.push('forget the layer', () => volumes.set(id, before));
    await this.#makeLayer(revert, layer, shifted(root, idMap.hostBase - below.idMap.hostBase));
    await pool.write(places.volume(id), formatVolume(volume));
    revert.commit();
    await pool.sync([places.instance(id), places.layers]);
    return volume;
  }

  /** Lets the root of the instance, and no other user of the host, reach what is mounted in its directory. */
  async admit(id: string, { hostBase }: IdMap): Promise<void> {
    const { pool } = this.#deps;
    const wanted = attributesOf.instance(hostBase);
    const found = await pool.attributes(places.instance(id));
    if (found?.gid === wanted.gid && found.mode === wanted.mode) return;
    await pool.setAttributes(places.instance(id), wanted);
  }

  /** Bytes of the layers that this instance alone has. */
  async usage(id: string, signal: AbortSignal): Promise<number> {
    const { pool, volumes } = this.#deps;
    const { layers } = volumes.get(id);
    const own = layers.filter((layer) => !volumes.usesLayer(layer.id, id));
    return await pool.diskUsage(
      own.map((layer) => places.diff(layer.id)),
      signal,
    );
  }

  /** In its place at once: a layer that no volume names is removed by the next server. */
  async #makeLayer(revert: Revert, layer: Layer, root: Attributes): Promise<void> {
    const { pool, trash } = this.#deps;
    revert.push('remove the layer', () => trash.throwAway(places.layer(layer.id)));
    await pool.makeDirectory(places.layer(layer.id), attributesOf.private);
    await pool.makeDirectory(places.diff(layer.id), root);
    await pool.makeDirectory(places.work(layer.id), attributesOf.private);
  }
}

function shifted({ mode, uid, gid }: Attributes, by: number): Attributes {
  return { mode, uid: uid + by, gid: gid + by };
}

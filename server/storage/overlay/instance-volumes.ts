import { randomUUID } from 'node:crypto';
import { Fault } from '../../base/fault.ts';
import type { IdMap } from '../../base/id-map.ts';
import { Revert } from '../../base/revert.ts';
import type { Task } from '../../base/task.ts';
import type { PoolDirectory } from '../pool-directory.ts';
import type { ImageVolumes } from './image-volumes.ts';
import { type Layers, shifted } from './layers.ts';
import { attributesOf, places } from './layout.ts';
import type { Staging } from './staging.ts';
import type { Trash } from './trash.ts';
import { formatVolume, maxLayers, newLayer, topLayer, type Volume } from './volume.ts';
import type { Volumes } from './volumes.ts';

export interface InstanceVolumesDeps {
  readonly pool: PoolDirectory;
  readonly volumes: Volumes;
  readonly images: ImageVolumes;
  readonly layers: Layers;
  readonly staging: Staging;
  readonly trash: Trash;
}

/** The volumes of instances: a stack of layers each. The caller lets one action at a time work on an instance. */
export class InstanceVolumes {
  readonly #deps: InstanceVolumesDeps;

  constructor(deps: InstanceVolumesDeps) {
    this.#deps = deps;
  }

  /** One that stands on an image. */
  async create(task: Task, id: string, fingerprint: string, idMap: IdMap): Promise<void> {
    const { volumes, images, layers } = this.#deps;
    this.mustBeNew(id);
    await using revert = new Revert(task.log);
    const layer = newLayer(idMap);
    const imageRoot = await images.claim(id, fingerprint, [layer]);
    revert.push('forget the volume', () => volumes.forget(id));
    await layers.put(revert, layer, shifted(imageRoot, idMap.hostBase));
    await this.#describe(task, revert, id, { image: fingerprint, layers: [layer] });
    revert.commit();
  }

  /** One that stands on what `below` gives: layers that nobody writes to. */
  async createOn(task: Task, id: string, idMap: IdMap, below: (revert: Revert) => Promise<Volume>): Promise<void> {
    const { volumes, layers } = this.#deps;
    this.mustBeNew(id);
    await using revert = new Revert(task.log);
    const stack = await below(revert);
    // From now on these layers and their image are needed, whatever happens to where they come from.
    volumes.set(id, stack);
    revert.push('forget the volume', () => volumes.forget(id));
    const volume = { ...stack, layers: [...stack.layers, await layers.makeOn(revert, stack, idMap)] };
    volumes.set(id, volume);
    await this.#describe(task, revert, id, volume);
    revert.commit();
  }

  async delete(task: Task, id: string): Promise<void> {
    const { volumes, layers, trash } = this.#deps;
    const before = volumes.layersOf(id);
    await trash.throwAway(places.instance(id));
    volumes.forget(id);
    await layers.sweep(task, before);
  }

  /**
   * Puts a new layer on the stack, written with `idMap`; the one that was the last is never written to again. This is how
   * a root gets other ids in constant time. Fault `exhausted` for more than `maxLayers`.
   */
  async addLayer(task: Task, id: string, idMap: IdMap): Promise<Volume> {
    await using revert = new Revert(task.log);
    const volume = await this.standOn(task, revert, id, this.#deps.volumes.get(id), idMap);
    revert.commit();
    return volume;
  }

  /** Makes an instance a new layer on this stack. What it had before is thrown away by `layers.sweep`, if at all. */
  async standOn(task: Task, revert: Revert, id: string, stack: Volume, idMap: IdMap): Promise<Volume> {
    if (stack.layers.length >= maxLayers) throw new Fault('exhausted', `It has ${maxLayers} layers already`);
    const layer = await this.#deps.layers.makeOn(revert, stack, idMap);
    return await this.#replace(task, revert, id, { ...stack, layers: [...stack.layers, layer] });
  }

  /** Gives an instance a root of its own on an image, in place of all that it had. */
  async rebuild(task: Task, id: string, fingerprint: string, idMap: IdMap): Promise<void> {
    const { volumes, images, layers } = this.#deps;
    const before = volumes.get(id);
    const kept = randomUUID();
    await using revert = new Revert(task.log);
    const layer = newLayer(idMap);
    // Until it is decided nobody may remove what it stands on now: something else names that too.
    volumes.setSnapshot(kept, before);
    try {
      revert.push('forget the new root', () => volumes.set(id, before));
      const imageRoot = await images.claim(id, fingerprint, [layer]);
      await layers.put(revert, layer, shifted(imageRoot, idMap.hostBase));
      await this.#write(task, revert, id, before, { image: fingerprint, layers: [layer] });
      revert.commit();
    } finally {
      await revert[Symbol.asyncDispose]();
      volumes.forget(kept);
    }
    await layers.sweep(
      task,
      before.layers.map((each) => each.id),
    );
  }

  /** Makes the stack of an instance another one, with a new layer on top, in place of all that it had. */
  async restore(task: Task, id: string, stack: Volume, idMap: IdMap): Promise<void> {
    const { volumes, layers } = this.#deps;
    const before = volumes.layersOf(id);
    await using revert = new Revert(task.log);
    await this.standOn(task, revert, id, stack, idMap);
    revert.commit();
    await layers.sweep(task, before);
  }

  /** Lets the root of the instance, and no other user of the host, reach what is mounted in its directory. */
  async admit(id: string, { hostBase }: IdMap): Promise<void> {
    const { pool } = this.#deps;
    const wanted = attributesOf.instance(hostBase);
    const found = await pool.attributes(places.instance(id));
    if (found?.gid === wanted.gid && found.mode === wanted.mode) return;
    await pool.setAttributes(places.instance(id), wanted);
  }

  /** Bytes of the layers that this instance, or snapshot, alone has. */
  async usage(id: string, signal: AbortSignal): Promise<number> {
    const { pool, volumes } = this.#deps;
    const { layers } = volumes.isSnapshot(id) ? volumes.snapshot(id) : volumes.get(id);
    const own = layers.filter((layer) => !volumes.usesLayer(layer.id, id));
    return await pool.diskUsage(
      own.map((layer) => places.diff(layer.id)),
      signal,
    );
  }

  mustBeNew(id: string): void {
    if (this.#deps.volumes.has(id)) throw new Fault('already-exists', 'It exists');
  }

  /** Makes the directory of a new volume: from here on it exists. */
  async #describe(task: Task, revert: Revert, id: string, volume: Volume): Promise<void> {
    const { pool, staging, trash } = this.#deps;
    await using staged = staging.begin();
    await pool.makeDirectory(staged.place, attributesOf.instance(topLayer(volume).idMap.hostBase));
    await pool.makeDirectory([...staged.place, 'root'], attributesOf.private);
    await pool.makeDirectory([...staged.place, 'lower'], attributesOf.private);
    await pool.create([...staged.place, 'volume.json'], formatVolume(volume));
    task.signal.throwIfAborted();
    await staged.moveTo(places.instance(id));
    revert.push('remove the volume', () => trash.throwAway(places.instance(id)));
    await pool.sync([places.volume(id), places.instances, places.layers]);
  }

  async #replace(task: Task, revert: Revert, id: string, volume: Volume): Promise<Volume> {
    const { volumes } = this.#deps;
    const before = volumes.get(id);
    volumes.set(id, volume);
    revert.push('forget the layer', () => volumes.set(id, before));
    await this.#write(task, revert, id, before, volume);
    return volume;
  }

  /** By rename: whatever happens, the root is the one or the other. */
  async #write(task: Task, revert: Revert, id: string, before: Volume, volume: Volume): Promise<void> {
    const { pool, volumes } = this.#deps;
    task.signal.throwIfAborted();
    revert.push('go back to the root before', () => pool.write(places.volume(id), formatVolume(before)));
    await pool.write(places.volume(id), formatVolume(volume));
    volumes.set(id, volume);
    await pool.sync([places.instance(id), places.layers]);
  }
}

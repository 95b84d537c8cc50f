import { Fault } from '../../base/fault.ts';
import type { Task } from '../../base/task.ts';
import type { PoolDirectory } from '../pool-directory.ts';
import { isId, places } from './layout.ts';
import { maxVolumeBytes, parseVolume, type Volume } from './volume.ts';

/**
 * Which volumes there are and what they stand on: what `volume.json` files say, in memory. This server alone changes
 * them, so reading them once is enough, and what nothing names any more is garbage.
 */
export class Volumes {
  readonly #pool: PoolDirectory;
  /** A fault in place of a volume whose description cannot be read. */
  #volumes = new Map<string, Volume | Fault>();

  constructor(pool: PoolDirectory) {
    this.#pool = pool;
  }

  async load(task: Task): Promise<void> {
    const volumes = new Map<string, Volume | Fault>();
    for (const id of await this.#pool.list(places.instances)) {
      if (!isId(id)) continue;
      const volume = await this.#read(id);
      if (volume instanceof Fault) task.log.error({ err: volume, instance: id }, 'the root of an instance is damaged');
      volumes.set(id, volume);
    }
    this.#volumes = volumes;
  }

  ids(): string[] {
    return [...this.#volumes.keys()];
  }

  has(id: string): boolean {
    return this.#volumes.has(id);
  }

  /** Faults: `not-found`, `internal` for a damaged one. */
  get(id: string): Volume {
    const volume = this.#volumes.get(id);
    if (volume === undefined) throw new Fault('not-found', 'It does not exist');
    if (volume instanceof Fault) throw volume;
    return volume;
  }

  set(id: string, volume: Volume): void {
    this.#volumes.set(id, volume);
  }

  forget(id: string): void {
    this.#volumes.delete(id);
  }

  /** Ids of the layers of a volume, none when it is damaged or does not exist. */
  layersOf(id: string): string[] {
    const volume = this.#volumes.get(id);
    return volume === undefined || volume instanceof Fault ? [] : volume.layers.map((layer) => layer.id);
  }

  /** Also true while there is a damaged volume: it may be the one. */
  usesImage(fingerprint: string): boolean {
    return this.#volumes.values().some((volume) => volume instanceof Fault || volume.image === fingerprint);
  }

  /** Whether a volume other than `except` needs the layer. Also true while there is a damaged one. */
  usesLayer(layerId: string, except?: string): boolean {
    return this.#volumes
      .entries()
      .filter(([id]) => id !== except)
      .some(([, volume]) => volume instanceof Fault || volume.layers.some((layer) => layer.id === layerId));
  }

  async #read(id: string): Promise<Volume | Fault> {
    try {
      const text = await this.#pool.read(places.volume(id), maxVolumeBytes);
      if (text === undefined) throw new Fault('internal', 'The description of a root (volume.json) is missing');
      return parseVolume(text);
    } catch (error) {
      return Fault.from(error);
    }
  }
}

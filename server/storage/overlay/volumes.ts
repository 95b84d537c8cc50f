import { Fault } from '../../base/fault.ts';
import type { Task } from '../../base/task.ts';
import type { Place, PoolDirectory } from '../pool-directory.ts';
import { isId, places } from './layout.ts';
import { maxVolumeBytes, parseVolume, type Volume } from './volume.ts';

/**
 * Which volumes there are and what they stand on: what `volume.json` files say, in memory. This server alone changes
 * them, so reading them once is enough, and what nothing names any more is garbage.
 */
export class Volumes {
  readonly #pool: PoolDirectory;
  /** A fault in place of a volume whose description cannot be read. */
  #instances = new Map<string, Volume | Fault>();
  #snapshots = new Map<string, Volume | Fault>();

  constructor(pool: PoolDirectory) {
    this.#pool = pool;
  }

  async load(task: Task): Promise<void> {
    this.#instances = await this.#readAll(task, places.instances, places.volume);
    this.#snapshots = await this.#readAll(task, places.snapshots, places.snapshotVolume);
  }

  /** Of instances. */
  ids(): string[] {
    return [...this.#instances.keys()];
  }

  snapshotIds(): string[] {
    return [...this.#snapshots.keys()];
  }

  /** Whether there is an instance or a snapshot of that id. */
  has(id: string): boolean {
    return this.#instances.has(id) || this.#snapshots.has(id);
  }

  /** That of an instance. Faults: `not-found`, `internal` for a damaged one. */
  get(id: string): Volume {
    return found(this.#instances.get(id));
  }

  /** That of a snapshot. Faults as those of `get`. */
  snapshot(id: string): Volume {
    return found(this.#snapshots.get(id));
  }

  isSnapshot(id: string): boolean {
    return this.#snapshots.has(id);
  }

  set(id: string, volume: Volume): void {
    this.#instances.set(id, volume);
  }

  setSnapshot(id: string, volume: Volume): void {
    this.#snapshots.set(id, volume);
  }

  forget(id: string): void {
    this.#instances.delete(id);
    this.#snapshots.delete(id);
  }

  /** Ids of the layers of a volume, none when it is damaged or does not exist. */
  layersOf(id: string): string[] {
    const volume = this.#instances.get(id) ?? this.#snapshots.get(id);
    return volume === undefined || volume instanceof Fault ? [] : volume.layers.map((layer) => layer.id);
  }

  /** Also true while there is a damaged volume: it may be the one. */
  usesImage(fingerprint: string): boolean {
    return this.#all().some(([, volume]) => volume instanceof Fault || volume.image === fingerprint);
  }

  /** Whether a volume other than `except` needs the layer. Also true while there is a damaged one. */
  usesLayer(layerId: string, except?: string): boolean {
    return this.#all()
      .filter(([id]) => id !== except)
      .some(([, volume]) => volume instanceof Fault || volume.layers.some((layer) => layer.id === layerId));
  }

  #all(): IteratorObject<[string, Volume | Fault]> {
    return Iterator.from([...this.#instances, ...this.#snapshots]);
  }

  async #readAll(task: Task, where: Place, description: (id: string) => Place): Promise<Map<string, Volume | Fault>> {
    const volumes = new Map<string, Volume | Fault>();
    for (const id of await this.#pool.list(where)) {
      if (!isId(id)) continue;
      const volume = await this.#read(description(id));
      if (volume instanceof Fault)
        task.log.error({ err: volume, place: [...where, id].join('/') }, 'a root is damaged');
      volumes.set(id, volume);
    }
    return volumes;
  }

  async #read(place: Place): Promise<Volume | Fault> {
    try {
      const text = await this.#pool.read(place, maxVolumeBytes);
      if (text === undefined) throw new Fault('internal', 'The description of a root (volume.json) is missing');
      return parseVolume(text);
    } catch (error) {
      return Fault.from(error);
    }
  }
}

function found(volume: Volume | Fault | undefined): Volume {
  if (volume === undefined) throw new Fault('not-found', 'It does not exist');
  if (volume instanceof Fault) throw volume;
  return volume;
}

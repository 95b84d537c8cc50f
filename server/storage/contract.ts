import type { IdMap } from '../base/id-map.ts';
import type { Task } from '../base/task.ts';

/** A root that is mounted for a start of its instance. */
export interface MountedRoot {
  /** Absolute path on the host; owned, as seen there, by the first id of the map. */
  readonly path: string;
}

export interface Usage {
  readonly usedBytes: number;
  readonly totalBytes?: number;
}

/** What the records say there is. */
export interface KnownVolumes {
  /** Fingerprints of images. */
  readonly images: ReadonlySet<string>;
  readonly instances: ReadonlySet<string>;
  /** Those of the instances whose container exists: their mounts stay. */
  readonly running: ReadonlySet<string>;
}

/**
 * One storage pool behind one driver. Ids are image fingerprints and instance uuids: names of users never become paths.
 * Every method is idempotent or says `already-exists`/`not-found`; whatever a `kill -9` interrupts is finished or
 * removed by `repair`. Faults of all: `invalid` for an id that is none, `exhausted` for a full pool.
 */
export interface StorageDriver {
  readonly name: string;
  /**
   * Makes the pool's directories, checks that the file system below can do what the driver needs. Before all other
   * calls. Faults: `unsupported`, `in-use` when another server has the pool.
   */
  open(task: Task): Promise<void>;
  /** Ends work in the background and gives the pool free. Mounts stay: instances live on. */
  close(): Promise<void>;
  /**
   * Removes what is half-made, stale mounts, and images that are neither known nor needed by an instance. A whole root
   * of an instance that is not known is kept and logged: it is somebody's data, and the records may be what was lost.
   */
  repair(task: Task, known: KnownVolumes): Promise<void>;

  /**
   * Fills a new image volume through `fill(directory)`, all or nothing; returns at once when the image is there. The
   * directory exists; what `fill` puts there must not carry attributes of the `trusted` namespace (xattr(7)), which mean
   * something to overlay.
   */
  createImage(task: Task, fingerprint: string, fill: (directory: string) => Promise<void>): Promise<void>;
  /** Fault `in-use` while a root of an instance stands on it; a later `repair` removes it once it is not known. */
  deleteImage(task: Task, fingerprint: string): Promise<void>;
  hasImage(fingerprint: string): Promise<boolean>;

  /** An instance's root, backed by the image: constant time. `idMap` is what the files on disk will be stored with. */
  createInstance(task: Task, id: string, fingerprint: string, idMap: IdMap): Promise<void>;
  /** Constant time: files are removed in the background. Fault `in-use` while it is mounted. */
  deleteInstance(task: Task, id: string): Promise<void>;
  /** Also with another map than before. An instance that is mounted with this map is a success. */
  mountInstance(task: Task, id: string, idMap: IdMap): Promise<MountedRoot>;
  /** Idempotent: an instance that is not mounted, or does not exist, is a success. */
  unmountInstance(id: string): Promise<void>;

  /** Bytes on disk of what the instance wrote, without its image. Walks through its files. */
  instanceUsage(id: string): Promise<Usage>;
  poolUsage(): Promise<Usage>;
}

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
  readonly snapshots: ReadonlySet<string>;
}

/** What a snapshot or a copy is taken of. */
export interface Source {
  /** The uuid of an instance or of a snapshot. */
  readonly id: string;
  /**
   * Given for an instance whose container exists: runs the work during which nothing writes to its root. Called once, for
   * no longer than it takes to copy what is still written to.
   */
  readonly frozen?: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/**
 * One storage pool behind one driver. Ids are image fingerprints and uuids of instances and snapshots: names of users never become paths.
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
   * Removes what is half-made, stale mounts, and images that are neither known nor needed. A whole root of an instance or
   * snapshot that is not known is kept and logged: it is somebody's data, and the records may be what was lost.
   */
  repair(task: Task, known: KnownVolumes): Promise<void>;

  /**
   * Fills a new image volume through `fill(directory)`, all or nothing; returns at once when the image is there. The
   * directory exists; what `fill` puts there must not carry attributes of the `trusted` namespace (xattr(7)), which mean
   * something to overlay.
   */
  createImage(task: Task, fingerprint: string, fill: (directory: string) => Promise<void>): Promise<void>;
  /** Fault `in-use` while a root of an instance or a snapshot stands on it; a later `repair` removes it once it is not known. */
  deleteImage(task: Task, fingerprint: string): Promise<void>;
  hasImage(fingerprint: string): Promise<boolean>;

  /** An instance's root, backed by the image: constant time. `idMap` is what the files on disk will be stored with. */
  createInstance(task: Task, id: string, fingerprint: string, idMap: IdMap): Promise<void>;
  /**
   * A root with the content of another instance or of a snapshot, in constant time unless the source is in use.
   */
  copyInstance(task: Task, id: string, source: Source, idMap: IdMap): Promise<void>;
  /** A root that stands on no image: `fill(directory)` makes it, as for an image. All or nothing. */
  fillInstance(task: Task, id: string, idMap: IdMap, fill: (directory: string) => Promise<void>): Promise<void>;
  /** Gives an instance a fresh root on an image: constant time, all or nothing. Fault `in-use` while it is mounted. */
  rebuildInstance(task: Task, id: string, fingerprint: string, idMap: IdMap): Promise<void>;
  /** Constant time: files are removed in the background. Its snapshots stay. Fault `in-use` while it is mounted. */
  deleteInstance(task: Task, id: string): Promise<void>;
  /** Also with another map than before. An instance that is mounted with this map is a success. */
  mountInstance(task: Task, id: string, idMap: IdMap): Promise<MountedRoot>;
  /** Idempotent: an instance that is not mounted, or does not exist, is a success. */
  unmountInstance(id: string): Promise<void>;

  /** What the root is now, for later: in constant time unless the source is in use. All or nothing. */
  createSnapshot(task: Task, id: string, source: Source): Promise<void>;
  /** Constant time, like `deleteInstance`. */
  deleteSnapshot(task: Task, id: string): Promise<void>;
  /**
   * Makes the root of an instance what the snapshot has kept: constant time, all or nothing. Fault `in-use` while it is
   * mounted.
   */
  restoreSnapshot(task: Task, instance: string, snapshot: string, idMap: IdMap): Promise<void>;
  /**
   * Lets `use` read the root that a snapshot has kept, with the ids that an instance sees inside. The content is hostile:
   * it belongs to root of the instance. The snapshot cannot be deleted meanwhile.
   */
  readSnapshot<Result>(task: Task, id: string, use: (directory: string) => Promise<Result>): Promise<Result>;

  /** Bytes on disk of what the instance or snapshot alone has: without its image and what others share. A walk. */
  instanceUsage(id: string): Promise<Usage>;
  poolUsage(): Promise<Usage>;
}

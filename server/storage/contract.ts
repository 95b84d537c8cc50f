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

/**
 * One storage pool behind one driver. Ids are image fingerprints and instance uuids: names of users never become paths.
 * Every method is idempotent or says `already-exists`/`not-found`; whatever a `kill -9` interrupts is finished or
 * removed by `repair`.
 */
export interface StorageDriver {
  readonly name: string;
  /** Makes the pool's directories, checks that the file system below can do what the driver needs. */
  open(task: Task): Promise<void>;
  /** Removes half-made things and stale mounts: everything whose id `known` does not list. */
  repair(task: Task, known: { images: ReadonlySet<string>; instances: ReadonlySet<string> }): Promise<void>;

  /** Fills a new image volume through `fill(directory)`, all or nothing; returns at once when the image is there. */
  createImage(task: Task, fingerprint: string, fill: (directory: string) => Promise<void>): Promise<void>;
  deleteImage(task: Task, fingerprint: string): Promise<void>;
  hasImage(fingerprint: string): Promise<boolean>;

  /** An instance's root, backed by the image: constant time. `idMap` is what the files on disk will be stored with. */
  createInstance(task: Task, id: string, fingerprint: string, idMap: IdMap): Promise<void>;
  deleteInstance(task: Task, id: string): Promise<void>;
  mountInstance(task: Task, id: string, idMap: IdMap): Promise<MountedRoot>;
  /** Idempotent: an instance that is not mounted is a success. */
  unmountInstance(id: string): Promise<void>;

  instanceUsage(id: string): Promise<Usage>;
  poolUsage(): Promise<Usage>;
}

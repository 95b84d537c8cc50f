import { constants } from 'node:fs';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  statfs,
  writeFile,
} from 'node:fs/promises';
import { syncFileSystem } from '../../native/mount.ts';
import { errnoOf, Fault } from '../base/fault.ts';
import { type Run, runChecked } from '../host/run.ts';

/** A place in a pool, one name for each level: `['images', fingerprint]`. No name can lead out of it or upwards. */
export type Place = readonly string[];

/** Owner and permissions of a directory; `mode` without the type. */
export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface Space {
  readonly usedBytes: number;
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly freeFiles: number;
}

/**
 * The directory of a pool. Only root can change what is in it down to the roots of images and instances, whose
 * content is hostile: what works on that content never follows a link. Errors keep the errno of the system call.
 */
export interface PoolDirectory {
  /** The absolute path of a place. Fault `internal` for a name that is not a single plain component. */
  path(place: Place): string;
  /** EEXIST when there is one. Exactly these attributes, whatever the umask. */
  makeDirectory(place: Place, attributes: Attributes): Promise<void>;
  setAttributes(place: Place, attributes: Attributes): Promise<void>;
  /** Undefined when there is no directory; a link to one is none. */
  attributes(place: Place): Promise<Attributes | undefined>;
  /** Names in a directory, in order; none when it does not exist. */
  list(place: Place): Promise<string[]>;
  /** rename(2). */
  move(from: Place, to: Place): Promise<void>;
  /** A new file, on the disk only after `sync`. EEXIST when there is one. */
  create(place: Place, text: string): Promise<void>;
  /**
   * Puts a file in place of another, or of none: also after a power failure it is the one or the other, whole; the new one
   * for certain after a `sync` of its directory. When this fails, it is the old one.
   */
  write(place: Place, text: string): Promise<void>;
  /** Undefined when there is no such file. Fault `internal` for more than `maxBytes`. */
  read(place: Place, maxBytes: number): Promise<string | undefined>;
  /**
   * Copies a directory with all that is in it and all that belongs to it: owners, times, links, holes, attributes of every
   * namespace, sharing blocks where the file system can. `to` does not exist. Nothing may write to `from` meanwhile.
   */
  copyTree(from: Place, to: Place, signal: AbortSignal): Promise<void>;
  /** Removes a directory with all that is in it, not following links and not entering other file systems. Idempotent. */
  removeTree(place: Place, signal: AbortSignal): Promise<void>;
  /** These files, and the names in these directories, are on the disk. */
  sync(places: readonly Place[]): Promise<void>;
  /** All that was written to the file system of the pool is on the disk. */
  syncAll(): Promise<void>;
  space(): Promise<Space>;
  /** Bytes on disk that these trees take, each file counted once. Also while they change. */
  diskUsage(places: readonly Place[], signal: AbortSignal): Promise<number>;
}

/** Fingerprints, uuids and our own words; never hidden, never `..`. */
const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** The absolute path of `place` below `root`. */
export function placePath(root: string, place: Place): string {
  for (const name of place) {
    if (!plainName.test(name)) throw new Fault('internal', `Not a name in a storage pool: ${JSON.stringify(name)}`);
  }
  return [root, ...place].join('/');
}

export class HostPoolDirectory implements PoolDirectory {
  readonly #root: string;
  readonly #run: Run;

  /** `root` is absolute. */
  constructor(root: string, run: Run) {
    this.#root = root;
    this.#run = run;
  }

  path(place: Place): string {
    return placePath(this.#root, place);
  }

  async makeDirectory(place: Place, attributes: Attributes): Promise<void> {
    const path = this.path(place);
    await mkdir(path, { mode: 0o700 });
    try {
      await apply(path, attributes);
    } catch (error) {
      await rmdir(path);
      throw error;
    }
  }

  async setAttributes(place: Place, attributes: Attributes): Promise<void> {
    await apply(this.path(place), attributes);
  }

  async attributes(place: Place): Promise<Attributes | undefined> {
    const status = await lstat(this.path(place)).catch(undefinedWhenMissing);
    if (status?.isDirectory() !== true) return undefined;
    return { mode: status.mode & 0o7777, uid: status.uid, gid: status.gid };
  }

  async list(place: Place): Promise<string[]> {
    return (await readdir(this.path(place)).catch(undefinedWhenMissing))?.sort() ?? [];
  }

  async move(from: Place, to: Place): Promise<void> {
    await rename(this.path(from), this.path(to));
  }

  async create(place: Place, text: string): Promise<void> {
    await writeFile(this.path(place), text, { mode: 0o600, flag: 'wx' });
  }

  async write(place: Place, text: string): Promise<void> {
    const path = this.path(place);
    await writeFile(`${path}.new`, text, { mode: 0o600, flush: true });
    await rename(`${path}.new`, path);
  }

  async read(place: Place, maxBytes: number): Promise<string | undefined> {
    const path = this.path(place);
    const status = await lstat(path).catch(undefinedWhenMissing);
    if (status === undefined) return undefined;
    if (!status.isFile() || status.size > maxBytes) throw new Fault('internal', `${path} is damaged`);
    return await readFile(path, 'utf8');
  }

  async removeTree(place: Place, signal: AbortSignal): Promise<void> {
    // rm works by descriptors of directories and opens none through a link.
    await runChecked(this.#run, ['rm', '-rf', '--one-file-system', '--', this.path(place)], { signal });
  }

  async copyTree(from: Place, to: Place, signal: AbortSignal): Promise<void> {
    const how = ['--archive', '--reflink=auto', '--sparse=auto', '--one-file-system', '--no-target-directory'];
    await runChecked(this.#run, ['cp', ...how, '--', this.path(from), this.path(to)], { signal });
  }

  async sync(places: readonly Place[]): Promise<void> {
    // Side by side: a journal writes them out together.
    await Promise.all(places.map((place) => syncOne(this.path(place))));
  }

  async syncAll(): Promise<void> {
    await using directory = await open(this.#root, constants.O_RDONLY | constants.O_DIRECTORY);
    await syncFileSystem(directory.fd);
  }

  async space(): Promise<Space> {
    const { bsize, blocks, bfree, bavail, ffree, files } = await statfs(this.#root);
    return {
      usedBytes: (blocks - bfree) * bsize,
      totalBytes: blocks * bsize,
      freeBytes: bavail * bsize,
      freeFiles: files === 0 ? Number.MAX_SAFE_INTEGER : ffree, // btrfs has no fixed number of files
    };
  }

  async diskUsage(places: readonly Place[], signal: AbortSignal): Promise<number> {
    if (places.length === 0) return 0;
    const paths = places.map((place) => this.path(place));
    const argv = ['du', '--summarize', '--total', '--block-size=1', '--one-file-system', '--', ...paths];
    // Status 1 and a total: something went away while du looked, as it does in a running system.
    const { stdout, stderr } = await this.#run(argv, { signal });
    const total = /^(\d+)\ttotal$/m.exec(stdout)?.[1];
    if (total === undefined) throw new Fault('internal', `du failed: ${stderr.slice(0, 200)}`);
    return Number(total);
  }
}

async function syncOne(path: string): Promise<void> {
  await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  await handle.sync();
}

async function apply(path: string, { mode, uid, gid }: Attributes): Promise<void> {
  await chown(path, uid, gid); // first: it clears set-id bits
  await chmod(path, mode);
}

function undefinedWhenMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error;
  return undefined;
}

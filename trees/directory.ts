import { closeSync, constants, openSync, statfsSync } from 'node:fs';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** statfs(2), TMPFS_MAGIC. */
const tmpfsMagic = 0x01021994;

/**
 * An open directory. What lies in it is named through its descriptor (proc(5), /proc/self/fd), so that nobody who renames
 * or links anything on the way to it can lead elsewhere; calls on such a path follow no link but where the call itself does.
 */
export class Directory implements Disposable {
  readonly #fd: number;
  readonly #prefix: Buffer;
  /** As the user knows it, for messages. */
  readonly shown: string;
  #inMemory: boolean | undefined;

  private constructor(fd: number, shown: string) {
    this.#fd = fd;
    this.#prefix = Buffer.from(`/proc/self/fd/${fd}/`);
    this.shown = shown;
  }

  /** By its path, as the kernel resolves it. */
  static open(path: Buffer): Directory {
    return new Directory(openSync(path, O_RDONLY | O_DIRECTORY), path.toString());
  }

  /** The path of the directory itself, also for calls that follow no link: the descriptor's name is one. */
  get path(): Buffer {
    return this.at(dot);
  }

  /** The path of what `name`, one component, names here. */
  at(name: Buffer): Buffer {
    return Buffer.concat([this.#prefix, name]);
  }

  /** `at` as the user knows it. */
  show(name: Buffer): string {
    return this.shown.endsWith('/') ? `${this.shown}${name.toString()}` : `${this.shown}/${name.toString()}`;
  }

  /** Throws ENOTDIR or ELOOP for a symbolic link unless links are followed. */
  openDirectory(name: Buffer, followLinks: boolean): Directory {
    const flags = O_RDONLY | O_DIRECTORY | (followLinks ? 0 : O_NOFOLLOW);
    return new Directory(openSync(this.at(name), flags), this.show(name));
  }

  /** Whether files in it are made of memory: of whose, the one that first touches a page decides (tmpfs(5)). */
  get inMemory(): boolean {
    this.#inMemory ??= statfsSync(this.path).type === tmpfsMagic;
    return this.#inMemory;
  }

  /** Of the directory itself: for fchmod(2) and the like. */
  get fd(): number {
    return this.#fd;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

const dot = Buffer.from('.');

/** What a path ends in, and what it lies in; `name` undefined when it ends in `/`, `.` or `..` and so is a directory. */
export function splitPath(path: Buffer): { readonly parent: Buffer; readonly name: Buffer | undefined } {
  const slash = path.lastIndexOf(0x2f);
  const last = path.subarray(slash + 1);
  if (['', '.', '..'].includes(last.toString('latin1'))) return { parent: path, name: undefined };
  const parent = slash < 0 ? Buffer.from('.') : slash === 0 ? Buffer.from('/') : path.subarray(0, slash);
  return { parent, name: last };
}

import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  opendirSync,
  readlinkSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  openat2,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  readLinkOf,
  withFd,
} from '../../native/openat2.ts';
import { codeOfErrno, errnoOf, Fault } from '../base/fault.ts';

const inRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
/** Longest path and link target that the kernel knows (PATH_MAX). */
const maxPathBytes = 4096;
const readChunkBytes = 64 * 1024;

/**
 * The files of a root that somebody else fills: an instance, an image. Every path is resolved by the kernel inside the
 * root (openat2(2), RESOLVE_IN_ROOT): `..`, absolute links and /proc-style links cannot leave it, also while the owner
 * renames things. Fifos, sockets and devices are never opened, reads are bounded.
 *
 * Methods return undefined for what does not exist; other failures are Faults or the errors of the kernel.
 */
export class RootedFiles implements Disposable {
  readonly #root: number;
  #closed = false;

  private constructor(root: number) {
    this.#root = root;
  }

  /** `directory` is a path of the host that the server itself chose. Dispose it to close its descriptor. */
  static open(directory: string): RootedFiles {
    return new RootedFiles(openat2(-100, directory, O_PATH | O_DIRECTORY, RESOLVE_NO_MAGICLINKS));
  }

  /** What `path` is, after links. */
  stat(path: string): Stats | undefined {
    return this.#with(path, O_PATH, (fd) => fstatSync(fd));
  }

  /** What `path` itself is, also when it is a link. */
  lstat(path: string): Stats | undefined {
    return this.#with(path, O_PATH | O_NOFOLLOW, (fd) => fstatSync(fd));
  }

  exists(path: string): boolean {
    return this.stat(path) !== undefined;
  }

  /** The target that the link `path` holds, unresolved; undefined when it is no link. */
  readLink(path: string): string | undefined {
    return this.#with(path, O_PATH | O_NOFOLLOW, (fd) =>
      fstatSync(fd).isSymbolicLink() ? readLinkOf(fd, maxPathBytes) : undefined,
    );
  }

  /** The path, inside the root, of what `path` leads to after all links. */
  resolve(path: string): string | undefined {
    return this.#with(path, O_PATH, (fd) => {
      const root = readlinkSync(`/proc/self/fd/${this.#root}`);
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (root === '/') return target;
      if (target === root) return '/';
      return target.startsWith(`${root}/`) ? target.slice(root.length) : undefined;
    });
  }

  /** The first `maxBytes` bytes of a regular file. Faults: `invalid` for anything else. */
  readHead(path: string, maxBytes: number): Buffer | undefined {
    const kind = this.stat(path);
    if (kind === undefined) return undefined;
    if (!kind.isFile()) throw new Fault('invalid', `${path} is not a regular file`);
    return this.#with(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, (fd) => {
      // It may have been exchanged since; O_NONBLOCK has kept a fifo from blocking this open.
      if (!fstatSync(fd).isFile()) throw new Fault('invalid', `${path} is not a regular file`);
      return readUpTo(fd, maxBytes);
    });
  }

  /** A whole regular file. Faults: `invalid` for anything else, `exhausted` beyond `maxBytes`. */
  readFile(path: string, maxBytes: number): Buffer | undefined {
    const data = this.readHead(path, maxBytes + 1);
    if (data !== undefined && data.length > maxBytes) {
      throw new Fault('exhausted', `${path} is larger than ${maxBytes} bytes`);
    }
    return data;
  }

  readText(path: string, maxBytes: number): string | undefined {
    return this.readFile(path, maxBytes)?.toString('utf8');
  }

  /** Names in a directory, at most `maxEntries` of them, in no order; undefined when it is none. */
  list(path: string, maxEntries: number): string[] | undefined {
    return this.#with(path, O_RDONLY | O_DIRECTORY, (fd) => {
      // The descriptor is the directory, wherever it has been moved to: no path of the guest is walked again.
      const directory = opendirSync(`/proc/self/fd/${fd}`);
      try {
        const names: string[] = [];
        for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
          if (names.length === maxEntries) break;
          names.push(entry.name);
        }
        return names;
      } finally {
        directory.closeSync();
      }
    });
  }

  /**
   * Puts a regular file at `path`, whole or not at all and on the disk: it is written beside it and renamed to it. Links on
   * the way lead where they do inside the root; a link at `path` itself is replaced. Missing directories are made, for
   * `parents`. Ids are those of the host. Faults: `invalid` where a directory is or the way is none, those of the kernel.
   */
  replaceFile(path: string, content: Uint8Array, owner: FileOwner, parents: DirectoryOwner): void {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    const name = parts.pop();
    if (name === undefined || name === '..' || parts.includes('..')) throw new Fault('invalid', `Not a path: ${path}`);
    try {
      this.#inDirectory(parts, parents, (directory) => replaceIn(directory, name, content, owner));
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined || !(error instanceof Error)) throw error;
      // The kernel's own message names our descriptors.
      const reason = /^[A-Z0-9]+: ([^,]{1,200})/.exec(error.message)?.[1] ?? errno;
      throw new Fault(codeOfErrno(errno), `${path}: ${reason}`, { cause: error });
    }
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#root);
  }

  /** Runs `use` with the directory of these components, each made where there is nothing. */
  #inDirectory(parts: readonly string[], owner: DirectoryOwner, use: (fd: number) => void): void {
    for (let depth = 1; depth <= parts.length; depth += 1) {
      if (this.exists(parts.slice(0, depth).join('/'))) continue;
      const name = parts[depth - 1] ?? '';
      // A descriptor of its parent: no path of the guest is walked again.
      const made = this.#with(parts.slice(0, depth - 1).join('/') || '.', O_PATH | O_DIRECTORY, (fd) => {
        makeDirectory(fd, name, owner);
        return true;
      });
      if (made === undefined) throw notDirectory(parts);
    }
    const done = this.#with(parts.join('/') || '.', O_PATH | O_DIRECTORY, (fd) => {
      use(fd);
      return true;
    });
    if (done === undefined) throw notDirectory(parts);
  }

  #with<T>(path: string, flags: number, use: (fd: number) => T): T | undefined {
    if (this.#closed) throw new Fault('internal', `${path}: the root is closed`);
    if (Buffer.byteLength(path) >= maxPathBytes || path.includes('\0')) {
      throw new Fault('invalid', `Not a path: ${JSON.stringify(path.slice(0, 80))}`);
    }
    let fd: number;
    try {
      fd = openat2(this.#root, path, flags, inRoot);
    } catch (error) {
      if (absent.has(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
    return withFd(fd, use);
  }
}

/** Ids of the host, and permission bits. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export type DirectoryOwner = Pick<FileOwner, 'uid' | 'gid'>;

/** One name for all: what a killed server leaves of it, the next one removes when it writes there again. */
const partName = '.yurt-part';
const directoryMode = 0o755;

function replaceIn(directory: number, name: string, content: Uint8Array, { uid, gid, mode }: FileOwner): void {
  const place = (each: string) => `/proc/self/fd/${directory}/${each}`;
  try {
    unlinkSync(place(partName));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  withFd(openat2(directory, partName, flags, RESOLVE_BENEATH, 0o600), (fd) => {
    try {
      writeFileSync(fd, content);
      fchownSync(fd, uid, gid);
      fchmodSync(fd, mode);
      fsyncSync(fd);
      renameSync(place(partName), place(name));
    } catch (error) {
      unlinkSync(place(partName));
      throw error;
    }
  });
}

function makeDirectory(parent: number, name: string, { uid, gid }: DirectoryOwner): void {
  mkdirSync(`/proc/self/fd/${parent}/${name}`, directoryMode);
  withFd(openat2(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, RESOLVE_BENEATH), (fd) => {
    fchownSync(fd, uid, gid);
    fchmodSync(fd, directoryMode);
  });
}

function notDirectory(parts: readonly string[]): Fault {
  return new Fault('invalid', `/${parts.join('/')} is not a directory`);
}

/** Errors of a lookup that say that there is nothing: ELOOP is also a link that the rules forbid. */
const absent: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV']);

function readUpTo(fd: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  while (total < maxBytes) {
    const chunk = Buffer.alloc(Math.min(readChunkBytes, maxBytes - total));
    const size = readSync(fd, chunk, 0, chunk.length, null);
    if (size === 0) break;
    chunks.push(chunk.subarray(0, size));
    total += size;
  }
  return Buffer.concat(chunks, total);
}

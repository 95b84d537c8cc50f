import { closeSync, fstatSync, opendirSync, readlinkSync, readSync, type Stats } from 'node:fs';
import {
  O_DIRECTORY,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  openat2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  readLinkOf,
  withFd,
} from '../../native/openat2.ts';
import { errnoOf, Fault } from '../base/fault.ts';

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

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#root);
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

import {
  type BigIntStats,
  closeSync,
  constants,
  type Dir,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs';
import { listExtendedAttributes, readExtendedAttribute } from '../native/extended-attributes.ts';
import { seekData, seekHole } from '../native/file-data.ts';
import {
  type Entry,
  type EntryKind,
  encodeEntry,
  maxDepth,
  type SpecialKind,
  specialKinds,
} from '../proto/trees/entry.ts';
import { about, TreeFault } from '../proto/trees/tree-fault.ts';
import { Chunks } from './chunks.ts';
import { Directory, splitPath } from './directory.ts';

export interface ReadOptions {
  /** Which symbolic links are read as what they lead to: none, those that were asked for, all. */
  readonly follow: 'never' | 'arguments' | 'always';
  /** With what lies in directories; without it, a directory is refused. */
  readonly recursive: boolean;
  /** Entries only, and of a directory what lies in it and no deeper. */
  readonly listing?: boolean;
}

/** Files whose other names are remembered; names beyond that become files of their own. */
const maxLinkedFiles = 65_536;
/** What is read of a file that does not say how long it is. */
const maxUnsizedBytes = 64 * 1024 * 1024;
/** Labels of the host or the instance, that mean nothing on the other side. */
const noXattrs: ReadonlySet<string> = new Set(['security.selinux']);

interface Level {
  readonly directory: Directory;
  readonly names: Dir;
  readonly id: string;
}

/**
 * The records of what `paths` name, in pieces of about 64 KiB; what it is by itself cannot read (sockets, devices) becomes
 * a warning, unless it was asked for. A path that ends in `/.`, or is `/`, means what lies in the directory. Throws a
 * TreeFault. Ending the generator early closes everything.
 */
export function* readTree(paths: readonly Buffer[], options: ReadOptions): Generator<Buffer, void> {
  const reader = new TreeReader(options);
  for (const path of paths) yield* reader.read(path);
  yield* reader.rest();
}

class TreeReader {
  readonly #options: ReadOptions;
  readonly #chunks = new Chunks();
  readonly #levels: Level[] = [];
  /** 1 while what lies in a directory is read without the directory itself, else 0. */
  #outside = 0;
  /** Number of a file with several names, by device and inode. */
  readonly #linked = new Map<string, number>();

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  *read(path: Buffer): Generator<Buffer, void> {
    const { parent, name } = splitPath(path);
    const shown = path.toString();
    this.#outside = name === undefined ? 1 : 0;
    try {
      if (name === undefined) {
        if (!this.#options.recursive) throw new TreeFault('EISDIR', `${shown}: is a directory, which needs -r`);
        this.#enter(about(() => shown, () => Directory.open(parent))); // biome-ignore format: one step
      } else {
        using directory = about(() => shown, () => Directory.open(parent)); // biome-ignore format: one step
        yield* this.#entry(directory, name);
      }
      yield* this.#descend();
    } finally {
      for (const level of this.#levels.splice(0)) close(level);
    }
  }

  *rest(): Generator<Buffer, void> {
    yield* this.#chunks.flush();
  }

  /** All that lies in the levels that are open. */
  *#descend(): Generator<Buffer, void> {
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const { directory, names } = level;
      const found = about(() => directory.shown, () => names.readSync()); // biome-ignore format: one step
      if (found !== null)
        yield* this.#entry(directory, found.name as unknown as Buffer); // opened with encoding "buffer"
      else close(this.#levels.pop() ?? level);
    }
  }

  *#entry(directory: Directory, name: Buffer): Generator<Buffer, void> {
    const depth = this.#levels.length - this.#outside;
    const shown = () => directory.show(name);
    const found = this.#look(directory, name, depth);
    if (found === undefined) return yield* this.#chunks.warning(`${shown()}: has gone meanwhile`);
    const { status, follow } = found;
    const kind = kindOf(status);
    if (isSpecial(kind)) {
      if (this.#options.listing === true) {
        const entry = about(shown, () => describe(directory.at(name), status, depth, name, undefined));
        return yield* this.#chunks.record('entry', encodeEntry({ ...entry, kind }));
      }
      const what = `${shown()}: is neither a file, a directory nor a symbolic link`;
      if (this.#levels.length === 0) throw new TreeFault('EINVAL', what);
      return yield* this.#chunks.warning(`${what}: left out`);
    }
    const listing = this.#options.listing === true;
    if (kind === 'directory' && !listing && !this.#options.recursive) {
      throw new TreeFault('EISDIR', `${shown()}: is a directory, which needs -r`);
    }
    const inode = kind === 'directory' || listing ? undefined : this.#inodeOf(status);
    const entry: Entry = {
      ...about(shown, () => describe(directory.at(name), status, depth, name, follow ? undefined : kind)),
      kind: inode?.isNew === false ? 'hardlink' : kind,
      ...(inode === undefined ? {} : { inode: inode.number }),
    };
    if (listing) {
      yield* this.#chunks.record('entry', encodeEntry(entry));
    } else if (entry.kind === 'file') {
      yield* this.#file(directory, name, entry, follow);
    } else if (entry.kind === 'directory') {
      yield* this.#directory(directory, name, entry, follow);
    } else yield* this.#chunks.record('entry', encodeEntry(entry));
  }

  /** Undefined when somebody has removed it since its directory was read. */
  #look(directory: Directory, name: Buffer, depth: number): { status: BigIntStats; follow: boolean } | undefined {
    const path = directory.at(name);
    return about(
      () => directory.show(name),
      () => {
        const { follow } = this.#options;
        const status: BigIntStats | undefined =
          this.#levels.length === 0
            ? lstatSync(path, { bigint: true })
            : lstatSync(path, { bigint: true, throwIfNoEntry: false });
        if (status === undefined) return undefined;
        const follows = status.isSymbolicLink() && (follow === 'always' || (follow === 'arguments' && depth === 0));
        return { status: follows ? statSync(path, { bigint: true }) : status, follow: follows };
      },
    );
  }

  #inodeOf(status: BigIntStats): { number: number; isNew: boolean } | undefined {
    if (status.nlink < 2n) return undefined;
    const key = idOf(status);
    const known = this.#linked.get(key);
    if (known !== undefined) return { number: known, isNew: false };
    if (this.#linked.size >= maxLinkedFiles) return undefined;
    this.#linked.set(key, this.#linked.size);
    return { number: this.#linked.size - 1, isNew: true };
  }

  *#directory(parent: Directory, name: Buffer, entry: Entry, follow: boolean): Generator<Buffer, void> {
    const shown = () => parent.show(name);
    if (this.#levels.length >= maxDepth) throw new TreeFault('ELOOP', `${shown()}: too deep, over ${maxDepth} levels`);
    const directory = about(shown, () => parent.openDirectory(name, follow));
    if (follow && this.#levels.some(({ id }) => id === idOf(fstatSync(directory.fd, { bigint: true })))) {
      directory[Symbol.dispose]();
      return yield* this.#chunks.warning(`${shown()}: leads to a directory that it lies in: left out`);
    }
    yield* this.#chunks.record('entry', encodeEntry(entry));
    this.#enter(directory);
  }

  #enter(directory: Directory): void {
    try {
      const id = idOf(fstatSync(directory.fd, { bigint: true }));
      // Its types know of no "buffer" here.
      const names = opendirSync(directory.path, { encoding: 'buffer' as BufferEncoding, bufferSize: 128 });
      this.#levels.push({ directory, names, id });
    } catch (error) {
      directory[Symbol.dispose]();
      throw TreeFault.from(error, directory.shown);
    }
  }

  *#file(directory: Directory, name: Buffer, entry: Entry, follow: boolean): Generator<Buffer, void> {
    const shown = () => directory.show(name);
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
    const flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | (follow ? 0 : O_NOFOLLOW);
    const fd = about(shown, () => openSync(directory.at(name), flags));
    try {
      const status = fstatSync(fd);
      if (!status.isFile()) throw new TreeFault('EINVAL', `${shown()}: is another file than a moment ago`);
      yield* this.#chunks.record('entry', encodeEntry({ ...entry, size: status.size }));
      let sent = 0;
      let known = status.size;
      for (const [from, to] of extents(fd, status)) {
        const end = yield* this.#extent(shown, fd, from, to);
        if (end > from) sent = end;
        if (end < to) known = end; // it became shorter, or is one of the kernel's, which do not know how long they are
        if (end < to) break;
      }
      if (sent >= maxUnsizedBytes && status.size === 0) throw new TreeFault('EFBIG', `${shown()}: does not end`);
      yield* this.#chunks.end(sent === status.size ? sent : Math.max(sent, Math.min(known, fstatSync(fd).size)));
    } finally {
      closeSync(fd);
    }
  }

  *#extent(shown: () => string, fd: number, from: number, to: number): Generator<Buffer, number> {
    let offset = from;
    while (offset < to) {
      const size = yield* this.#chunks.data(offset, to - offset, (buffer, position, length) =>
        about(shown, () => readSync(fd, buffer, position, length, offset)),
      );
      if (size === 0) break;
      offset += size;
    }
    return offset;
  }
}

/**
 * Where the data of a file lies. One that has all its blocks is not asked for holes; one of no length is read to its end,
 * for so are the files of /proc.
 */
function* extents(fd: number, { size, blocks }: { size: number; blocks: number }): Generator<[number, number], void> {
  if (blocks * 512 >= size) return yield [0, size === 0 ? maxUnsizedBytes : size];
  for (let offset = 0; offset < size; ) {
    const from = tolerant(() => seekData(fd, offset), offset);
    if (from === undefined || from >= size) return;
    const to = Math.min(
      tolerant(() => seekHole(fd, from), size),
      size,
    );
    yield [from, to];
    offset = to;
  }
}

/** Files of the kernel that have a length but cannot seek refuse the question. */
function tolerant<T>(seek: () => T, otherwise: T): T {
  try {
    return seek();
  } catch {
    return otherwise;
  }
}

function describe(
  path: Buffer,
  status: BigIntStats,
  depth: number,
  name: Buffer,
  kind: EntryKind | undefined,
): Omit<Entry, 'kind'> {
  const attributes =
    kind === undefined
      ? []
      : listExtendedAttributes(path).flatMap((key): [string, Buffer][] => {
          const value = noXattrs.has(key) ? undefined : readExtendedAttribute(path, key);
          return value === undefined ? [] : [[key, value]];
        });
  return {
    depth,
    name,
    mode: Number(status.mode & 0o7777n),
    uid: Number(status.uid),
    gid: Number(status.gid),
    size: status.isFile() ? Number(status.size) : 0,
    ...timeOf(status.mtimeNs),
    ...(kind === 'symlink' ? { target: readlinkSync(path, { encoding: 'buffer' }) } : {}),
    ...(attributes.length === 0 ? {} : { attributes }),
  };
}

/** Also before 1970, where a remainder would be negative. */
function timeOf(timeNs: bigint): { seconds: number; nanoseconds: number } {
  const nanoseconds = BigInt.asUintN(64, ((timeNs % second) + second) % second);
  return { seconds: Number((timeNs - nanoseconds) / second), nanoseconds: Number(nanoseconds) };
}

const second = 1_000_000_000n;

function kindOf(status: BigIntStats): Exclude<EntryKind, 'hardlink'> | SpecialKind {
  if (status.isFile()) return 'file';
  if (status.isDirectory()) return 'directory';
  if (status.isSymbolicLink()) return 'symlink';
  if (status.isSocket()) return 'socket';
  if (status.isFIFO()) return 'fifo';
  return status.isBlockDevice() ? 'block-device' : 'character-device';
}

function isSpecial(kind: EntryKind | SpecialKind): kind is SpecialKind {
  return (specialKinds as readonly string[]).includes(kind);
}

function idOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function close({ directory, names }: Level): void {
  names.closeSync();
  directory[Symbol.dispose]();
}

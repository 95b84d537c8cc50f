import {
  type BigIntStats,
  linkSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { type Entry, maxPathBytes, parseEntry } from '../proto/trees/entry.ts';
import type { TreeRecord } from '../proto/trees/record.ts';
import { about, TreeFault } from '../proto/trees/tree-fault.ts';
import { parentMode, type WritePolicy } from '../proto/trees/write-policy.ts';
import { Directory, splitPath } from './directory.ts';
import { applyLinkMetadata, applyMetadata, applyParentMetadata, type Existing } from './file-metadata.ts';
import { FileWriter, temporaryName } from './file-writer.ts';
import type { MakeRoom } from './write-behind.ts';

/** Files with several names whose place is remembered. */
const maxLinkedFiles = 65_536;

export interface TreeWriterOptions {
  /** Nothing else may come at depth 0: it was not asked for. */
  readonly names?: readonly Buffer[] | undefined;
  /** Asked for files that are made of memory. Default: the memory is that of this process. */
  readonly makeRoom?: MakeRoom | undefined;
}

interface Level {
  readonly directory: Directory;
  readonly entry: Entry;
  readonly existing: Existing;
}

/**
 * Writes the records of a tree. All names are below the target: an entry has one component, and what was just written is
 * never followed if it is a link. A file appears under its name when it is whole. Every method throws a TreeFault.
 */
export class TreeWriter {
  readonly #target: Buffer;
  readonly #policy: WritePolicy;
  readonly #warn: (text: string) => void;
  readonly #names: ReadonlySet<string> | undefined;
  readonly #makeRoom: MakeRoom | undefined;
  /** Where entries of depth 0 go; with `name`, the one there is gets that name. */
  #root: { readonly directory: Directory; readonly name?: Buffer } | undefined;
  readonly #levels: Level[] = [];
  readonly #linked = new Map<number, readonly Buffer[]>();
  #file: FileWriter | undefined;
  #entries = 0;

  /** `warn` is told of what could not be kept. */
  constructor(target: Buffer, policy: WritePolicy, warn: (text: string) => void, options: TreeWriterOptions = {}) {
    const { names, makeRoom } = options;
    this.#makeRoom = makeRoom;
    this.#names = names === undefined ? undefined : new Set(names.map((name) => name.toString('latin1')));
    this.#target = target;
    this.#policy = policy;
    this.#warn = warn;
  }

  /** Whether anything was written. */
  get empty(): boolean {
    return this.#entries === 0;
  }

  /** The payload must stay as it is. The promise is there when more should wait for it. */
  accept({ type, payload }: TreeRecord): Promise<void> | void {
    if (type === 'entry') this.#entry(parseEntry(payload));
    else if (type === 'warning') this.#warn(payload.toString());
    else if (this.#file === undefined) throw new TreeFault('EPROTO', `The other end sent ${type} without a file`);
    else if (type === 'data') return this.#file.write(payload);
    else return this.#endFile(this.#file, payload);
  }

  /** After the last record: directories get their modes and times. */
  finish(): void {
    if (this.#file !== undefined) throw new TreeFault('EPROTO', 'The other end ended in the middle of a file');
    this.#leave(0);
    this.#root?.directory[Symbol.dispose]();
    this.#root = undefined;
  }

  /** Nothing of a file that is not whole stays; what was finished does. Idempotent. */
  abort(): void {
    this.#file?.abort();
    this.#file = undefined;
    try {
      this.#leave(0);
    } catch {
      // That it is not whole is known already.
    }
    for (const { directory } of this.#levels.splice(0)) directory[Symbol.dispose]();
    this.#root?.directory[Symbol.dispose]();
    this.#root = undefined;
  }

  #entry(entry: Entry): void {
    if (this.#file !== undefined) throw new TreeFault('EPROTO', 'The other end began a file in another');
    if (entry.depth > this.#levels.length) throw new TreeFault('EPROTO', 'The other end sent an entry of no directory');
    this.#leave(entry.depth);
    if (entry.depth === 0 && this.#names?.has(entry.name.toString('latin1')) === false) {
      throw new TreeFault(
        'EPROTO',
        `The other end sent ${JSON.stringify(entry.name.toString())}, which nobody asked for`,
      );
    }
    this.#root ??= this.#openRoot(entry);
    this.#entries += 1;
    const { directory, name } = this.#placeOf(entry);
    about(
      () => directory.show(name),
      () => {
        if (entry.kind === 'file') this.#beginFile(directory, name, entry);
        else if (entry.kind === 'directory') this.#beginDirectory(directory, name, entry);
        else if (entry.kind === 'symlink') this.#symlink(directory, name, entry);
        else this.#hardLink(directory, name, entry);
      },
    );
  }

  #placeOf(entry: Entry): { directory: Directory; name: Buffer } {
    if (this.#root === undefined) throw new TreeFault('EPROTO', 'No target');
    const parent = this.#levels.at(-1)?.directory;
    if (parent !== undefined) return { directory: parent, name: entry.name };
    const { directory, name } = this.#root;
    if (name !== undefined && this.#entries > 1) {
      throw new TreeFault('ENOTDIR', `${directory.show(name)}: is not a directory, and there is more than one file`);
    }
    return { directory, name: name ?? entry.name };
  }

  #openRoot(first: Entry): { directory: Directory; name?: Buffer } {
    const { into } = this.#policy;
    const target = this.#target;
    return about(
      () => target.toString(),
      () => {
        const split = splitPath(target);
        const status = into === 'exactly' ? undefined : statSync(target, { throwIfNoEntry: false });
        if (split.name === undefined || into === 'directory' || status?.isDirectory()) {
          if (into === 'exactly') throw new TreeFault('EISDIR', `${target}: is a directory`);
          if (status === undefined) this.#makeParents(target, first);
          return { directory: Directory.open(target) };
        }
        const path = first.kind === 'file' && this.#policy.existing !== 'refuse' ? throughLinks(target) : target;
        const { parent, name = split.name } = splitPath(path);
        this.#makeParents(parent, first);
        return { directory: Directory.open(parent), name };
      },
    );
  }

  #makeParents(directory: Buffer, entry: Entry): void {
    if (!this.#policy.parents) return;
    for (let slash = directory.indexOf(0x2f, 1); ; slash = directory.indexOf(0x2f, slash + 1)) {
      const path = slash < 0 ? directory : directory.subarray(0, slash);
      if (statSync(path, { throwIfNoEntry: false }) === undefined) {
        mkdirSync(path, { mode: parentMode });
        applyParentMetadata(this.#policy, entry, path, parentMode);
      }
      if (slash < 0) return;
    }
  }

  #beginFile(directory: Directory, name: Buffer, entry: Entry): void {
    const existing = this.#existing(directory, name);
    if (existing?.isDirectory()) throw new TreeFault('EISDIR', `${directory.show(name)}: is a directory`);
    if (existing !== undefined && !existing.isFile() && !existing.isSymbolicLink()) {
      throw new TreeFault('EINVAL', `${directory.show(name)}: is neither a file nor a symbolic link`);
    }
    const makeRoom = this.#makeRoom !== undefined && directory.inMemory ? this.#makeRoom : undefined;
    this.#file = new FileWriter(directory, name, entry, existing?.isFile() ? existing : undefined, makeRoom);
    this.#remember(entry, name);
  }

  #endFile(file: FileWriter, payload: Buffer): Promise<void> | void {
    if (file.unsettled) return file.settled().then(() => this.#closeFile(file, payload));
    this.#closeFile(file, payload);
  }

  #closeFile(file: FileWriter, payload: Buffer): void {
    const shown = file.shown;
    for (const lost of about(() => shown, () => file.finish(this.#policy, payload))) this.#warn(`${shown}: ${lost}`); // biome-ignore format: one step
    this.#file = undefined;
  }

  #beginDirectory(directory: Directory, name: Buffer, entry: Entry): void {
    const { followLinks } = this.#policy;
    let existing = this.#existing(directory, name);
    if (existing?.isSymbolicLink()) {
      existing = followLinks ? statSync(directory.at(name), { bigint: true, throwIfNoEntry: false }) : undefined;
      if (existing === undefined) unlinkSync(directory.at(name));
    }
    // Whoever may not write into it in the end must be able to do so now.
    if (existing === undefined) mkdirSync(directory.at(name), { mode: 0o700 });
    else if (!existing.isDirectory()) throw new TreeFault('ENOTDIR', `${directory.show(name)}: is not a directory`);
    this.#levels.push({ directory: directory.openDirectory(name, followLinks), entry, existing });
  }

  #symlink(directory: Directory, name: Buffer, entry: Entry): void {
    this.#existing(directory, name);
    const shown = directory.show(name);
    replace(directory, name, (path) => {
      symlinkSync(entry.target ?? Buffer.alloc(0), path);
      for (const lost of applyLinkMetadata(this.#policy, entry, { path, shown })) this.#warn(`${shown}: ${lost}`);
    });
    this.#remember(entry, name);
  }

  /** To a file that this writer has made. The way to it is opened again step by step: names may have been swapped. */
  #hardLink(directory: Directory, name: Buffer, entry: Entry): void {
    const way = entry.inode === undefined ? undefined : this.#linked.get(entry.inode);
    const last = way?.at(-1);
    if (way === undefined || last === undefined || this.#root === undefined) {
      throw new TreeFault('EPROTO', 'The other end sent a link to a file that it did not send');
    }
    const opened: Directory[] = [];
    try {
      for (const step of way.slice(0, -1)) {
        opened.push((opened.at(-1) ?? this.#root.directory).openDirectory(step, this.#policy.followLinks));
      }
      const source = (opened.at(-1) ?? this.#root.directory).at(last);
      const existing = this.#existing(directory, name);
      const { dev, ino } = lstatSync(source, { bigint: true });
      // It came twice, or by another way: rename(2) would leave both names.
      if (existing?.dev === dev && existing.ino === ino) return;
      replace(directory, name, (path) => linkSync(source, path));
    } finally {
      for (const each of opened) each[Symbol.dispose]();
    }
  }

  #existing(directory: Directory, name: Buffer): BigIntStats | undefined {
    const status = lstatSync(directory.at(name), { bigint: true, throwIfNoEntry: false });
    if (status !== undefined && this.#policy.existing === 'refuse') {
      throw new TreeFault('EEXIST', `${directory.show(name)}: exists already`);
    }
    return status;
  }

  #remember({ inode }: Entry, name: Buffer): void {
    if (inode === undefined) return;
    if (this.#linked.size >= maxLinkedFiles) throw new TreeFault('EPROTO', 'The other end sent too many linked files');
    const way = [...this.#levels.map(({ entry }, depth) => this.#nameAt(depth, entry)), name];
    if (way.reduce((sum, step) => sum + step.length + 1, 0) > maxPathBytes) {
      throw new TreeFault('ENAMETOOLONG', `${name}: its path is too long`);
    }
    this.#linked.set(
      inode,
      way.map((step) => Buffer.from(step)),
    );
  }

  #nameAt(depth: number, entry: Entry): Buffer {
    return depth === 0 ? (this.#root?.name ?? entry.name) : entry.name;
  }

  /** Closes directories down to `depth`; they get what they are to be now that nothing more is written into them. */
  #leave(depth: number): void {
    while (this.#levels.length > depth) {
      const level = this.#levels.pop();
      if (level === undefined) return;
      using directory = level.directory;
      const { entry, existing } = level;
      about(
        () => directory.shown,
        () => {
          for (const lost of applyMetadata(this.#policy, entry, existing, directory)) {
            this.#warn(`${directory.shown}: ${lost}`);
          }
        },
      );
    }
  }
}

/** Makes something under a name of its own, then gives it its name: what was there stays until then. */
function replace(directory: Directory, name: Buffer, make: (path: Buffer) => void): void {
  const temporary = directory.at(temporaryName());
  try {
    make(temporary);
    renameSync(temporary, directory.at(name)); // EISDIR for a directory
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Where a file goes whose name is a link to another: into that one, as cp(1) and an editor do it. */
function throughLinks(path: Buffer): Buffer {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return path;
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return path; // it leads nowhere: a file takes its place
  return realpathSync(path, { encoding: 'buffer' });
}

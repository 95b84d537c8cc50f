import { isUtf8 } from 'node:buffer';
import { Fault } from '../base/fault.ts';
import { isTemplateName, type TemplateFile, templateLimits } from '../templates/template-set.ts';
import { SparseMap } from './sparse-map.ts';
import { padding, type TarEntry, tarTypes } from './tar-format.ts';
import { TarReader, type TarSink } from './tar-reader.ts';
import { tarEnd, tarHeader } from './tar-writer.ts';
import { yamlLimits } from './yaml-text.ts';

/** Every bound on an image that is unpacked. */
export interface ImageLimits {
  readonly maxEntries: number;
  /** Bytes of all files together, without holes, and of the archive when it is decompressed. */
  readonly maxUnpackedBytes: number;
  readonly maxPathBytes: number;
  readonly maxDepth: number;
  /** Ids from 0 to this: what an instance's map holds. */
  readonly maxId: number;
}

export const imageLimits: ImageLimits = {
  maxEntries: 1_000_000,
  maxUnpackedBytes: 64 * 1024 ** 3,
  maxPathBytes: 4000,
  maxDepth: 200,
  maxId: 65535,
};

const maxNameBytes = 255;
/** Attributes that an image may bring. Not `trusted.*` and `user.overlay.*`: overlayfs obeys those in a lower layer. */
const allowedAttribute =
  /^SCHILY\.(?:acl\.(?:access|default)|xattr\.(?:security\.capability|user\.(?!overlay\.).{1,200}))$/s;
const maxMtime = 2 ** 33;

/**
 * Turns the hostile archive of an image into a harmless one of its root: entry by entry it is decoded, judged, and
 * written anew, so that the program which unpacks the result reads only bytes that come from here.
 *
 * What comes out: the entries below `rootfs/`, without that prefix. Each path is relative, has no `..`, and appears
 * once; none leads through anything but directories of the archive; hard links only lead to files that came before.
 * Device nodes are left out: an instance gets its `/dev` from the runtime, and a device 0:0 in a lower layer of
 * overlayfs would be a deletion mark. The files of `templates/` are kept apart: regular ones, bounded, in one directory.
 * Faults: `invalid`, `exhausted`.
 */
export class ImageFilter {
  readonly #judge: Judge;
  readonly #reader: TarReader;

  constructor(limits: ImageLimits = imageLimits) {
    this.#judge = new Judge(limits);
    this.#reader = new TarReader(this.#judge);
  }

  /** Takes bytes of the image's archive and returns bytes of the root's. */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#judge.countInput(chunk.length);
    this.#reader.push(chunk);
    return this.#judge.take();
  }

  finish(): Uint8Array[] {
    this.#reader.finish();
    this.#judge.finish();
    return [tarEnd];
  }

  /** The text of `metadata.yaml`, when it has come by. */
  get metadata(): string | undefined {
    return this.#judge.metadata;
  }

  /** The files of `templates/`, when they have come by. */
  get templates(): readonly TemplateFile[] {
    return this.#judge.templates;
  }

  get entries(): number {
    return this.#judge.entries;
  }

  get unpackedBytes(): number {
    return this.#judge.unpackedBytes;
  }
}

class Judge implements TarSink {
  entries = 0;
  unpackedBytes = 0;
  metadata: string | undefined;
  readonly templates: TemplateFile[] = [];
  readonly #limits: ImageLimits;
  /** Every path that is not a directory, and whether a hard link may lead to it. */
  readonly #leaves = new Map<string, boolean>();
  /** Directories that have been seen or implied. */
  readonly #directories = new Set<string>();
  #sawRoot = false;
  #inputBytes = 0;
  #output: Uint8Array[] = [];
  #padding = 0;
  /** Of the sparse file that goes by. */
  #sparse: SparseMap | undefined;
  /** What collects the content of an entry that is not of the root, and what is done with it. */
  #text: { readonly parts: Buffer[]; readonly done: (content: Buffer) => void } | undefined;

  constructor(limits: ImageLimits) {
    this.#limits = limits;
  }

  countInput(bytes: number): void {
    this.#inputBytes += bytes;
    if (this.#inputBytes > this.#limits.maxUnpackedBytes) throw this.#tooLarge();
  }

  take(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }

  finish(): void {
    if (this.metadata === undefined) throw bad('it has no metadata.yaml');
    if (!this.#sawRoot) throw bad('it has no rootfs directory');
  }

  entry(entry: TarEntry): boolean {
    this.entries += 1;
    if (this.entries > this.#limits.maxEntries) {
      throw new Fault('exhausted', `The image has more than ${this.#limits.maxEntries} entries`);
    }
    this.#text = undefined;
    this.#sparse = undefined;
    this.#padding = 0;
    const [top, ...parts] = this.#components(entry.name);
    if (top === 'metadata.yaml') return this.#beginMetadata(entry, parts);
    if (top === 'templates') return this.#beginTemplate(entry, parts);
    // Whatever else an image brings is not used; the name is still checked above.
    if (top !== 'rootfs') return false;
    if (parts.length === 0 && entry.type !== tarTypes.directory) throw bad('rootfs is not a directory');
    this.#sawRoot = true;
    const accepted = this.#judgeInRoot(entry, parts);
    if (accepted === undefined) return false;
    this.unpackedBytes += accepted.sizeBytes;
    if (this.unpackedBytes > this.#limits.maxUnpackedBytes) throw this.#tooLarge();
    this.#output.push(tarHeader(accepted));
    this.#padding = padding(accepted.sizeBytes);
    if (accepted.realSizeBytes !== undefined) this.#sparse = new SparseMap(accepted.realSizeBytes, accepted.sizeBytes);
    return accepted.sizeBytes > 0;
  }

  data(bytes: Uint8Array): void {
    this.#sparse?.push(bytes);
    // A copy: the bytes are a window of the reader's input, and the output outlives it only within one push.
    if (this.#text === undefined) this.#output.push(bytes);
    else this.#text.parts.push(Buffer.from(bytes));
  }

  endEntry(): void {
    this.#sparse?.finish();
    this.#text?.done(Buffer.concat(this.#text.parts));
    this.#text = undefined;
    if (this.#padding > 0) this.#output.push(new Uint8Array(this.#padding));
    this.#padding = 0;
  }

  #beginMetadata(entry: TarEntry, parts: readonly string[]): boolean {
    if (parts.length > 0 || !isText(entry)) throw bad('metadata.yaml is not a regular file');
    if (this.metadata !== undefined) throw bad('it has more than one metadata.yaml');
    if (entry.sizeBytes > yamlLimits.maxBytes) throw bad('metadata.yaml is too large');
    const done = (content: Buffer) => {
      this.metadata = content.toString('utf8');
    };
    this.#text = { parts: [], done };
    return true;
  }

  #beginTemplate(entry: TarEntry, parts: readonly string[]): boolean {
    const [name, ...below] = parts;
    if (name === undefined) {
      if (entry.type !== tarTypes.directory) throw bad('templates is not a directory');
      return false;
    }
    const path = shown(`templates/${parts.join('/')}`);
    if (below.length > 0 || !isText(entry)) throw bad(`${path} is not a regular file of that directory`);
    if (!isTemplateName(name)) throw bad(`${path} cannot be the name of a template`);
    if (this.templates.some((template) => template.name === name)) throw bad(`${path} appears twice`);
    if (this.templates.length === templateLimits.maxFiles)
      throw bad(`it has more than ${templateLimits.maxFiles} templates`);
    if (entry.sizeBytes > templateLimits.maxFileBytes) throw bad(`${path} is too large for a template`);
    const done = (content: Buffer) => {
      if (!isUtf8(content)) throw bad(`${path} is not text`);
      this.templates.push({ name, content: content.toString('utf8') });
    };
    this.#text = { parts: [], done };
    return true;
  }

  /** The entry as it is written, undefined for one that is left out. */
  #judgeInRoot(entry: TarEntry, parts: readonly string[]): TarEntry | undefined {
    const path = parts.join('/');
    this.#claimParents(parts);
    const named = { ...entry, name: path === '' ? './' : path, linkName: '', attributes: this.#attributes(entry) };
    const common = { ...named, ...this.#ids(entry), mtime: Math.min(entry.mtime, maxMtime) };
    if (entry.type === tarTypes.directory) {
      if (this.#leaves.has(path)) throw bad(`${shown(path)} appears twice`);
      this.#directories.add(path);
      return { ...common, name: path === '' ? './' : `${path}/`, sizeBytes: 0 };
    }
    if (this.#leaves.has(path) || this.#directories.has(path)) throw bad(`${shown(path)} appears twice`);
    if (isFile(entry.type)) {
      this.#leaves.set(path, true);
      return { ...common, type: tarTypes.file };
    }
    if (entry.type === tarTypes.symbolicLink) {
      this.#leaves.set(path, true);
      const target = entry.linkName;
      if (target === '' || target.length > this.#limits.maxPathBytes || target.includes('\0')) {
        throw bad(`${shown(path)} has no valid link target`);
      }
      return { ...common, linkName: target, mode: 0o777, attributes: new Map() };
    }
    if (entry.type === tarTypes.fifo) {
      this.#leaves.set(path, true);
      return common;
    }
    if (entry.type === tarTypes.hardLink) return this.#hardLink(entry, common, path);
    if (entry.type === tarTypes.characterDevice || entry.type === tarTypes.blockDevice) {
      this.#leaves.set(path, false);
      return undefined;
    }
    throw bad(`${shown(path)} is of a type that is not supported`);
  }

  #hardLink(entry: TarEntry, common: TarEntry, path: string): TarEntry | undefined {
    const [top, ...parts] = this.#components(entry.linkName);
    const target = parts.join('/');
    const linkable = top === 'rootfs' ? this.#leaves.get(target) : undefined;
    if (linkable === undefined) throw bad(`${shown(path)} is a hard link to something that did not come before it`);
    this.#leaves.set(path, linkable);
    return linkable ? { ...common, linkName: target, attributes: new Map(), sizeBytes: 0 } : undefined;
  }

  /** Every directory on the way must be one: nothing is ever written through a link of the archive. */
  #claimParents(parts: readonly string[]): void {
    let parent = '';
    for (const part of parts.slice(0, -1)) {
      parent = parent === '' ? part : `${parent}/${part}`;
      if (this.#directories.has(parent)) continue;
      if (this.#leaves.has(parent)) throw bad(`it has entries below ${shown(parent)}, which is not a directory`);
      this.#directories.add(parent);
    }
  }

  #components(name: string): string[] {
    if (name.length > this.#limits.maxPathBytes) throw bad('it has a path that is too long');
    if (name.startsWith('/')) throw bad(`it has the absolute path ${shown(name)}`);
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.length > this.#limits.maxDepth) throw bad('it has a path that is too deep');
    for (const part of parts) {
      if (part === '..') throw bad(`it has the path ${shown(name)}, which leads out of it`);
      if (part.length > maxNameBytes || part.includes('\0')) throw bad(`it has the invalid path ${shown(name)}`);
    }
    return parts;
  }

  #ids(entry: TarEntry): { uid: number; gid: number } {
    const { uid, gid } = entry;
    if (uid > this.#limits.maxId || gid > this.#limits.maxId) {
      throw bad(`${shown(entry.name)} belongs to ${uid}:${gid}, and ids end at ${this.#limits.maxId}`);
    }
    return { uid, gid };
  }

  #attributes(entry: TarEntry): ReadonlyMap<string, string> {
    if (entry.attributes.size === 0) return entry.attributes;
    return new Map([...entry.attributes].filter(([key]) => allowedAttribute.test(key)));
  }

  #tooLarge(): Fault {
    return new Fault('exhausted', `The image is larger than ${this.#limits.maxUnpackedBytes} bytes when unpacked`);
  }
}

function isFile(type: string): boolean {
  return type === tarTypes.file || type === tarTypes.oldFile || type === tarTypes.contiguousFile;
}

function isText({ type, realSizeBytes }: TarEntry): boolean {
  return isFile(type) && realSizeBytes === undefined;
}

/** A path of an archive, safe for a message. */
function shown(path: string): string {
  return JSON.stringify(Buffer.from(path.slice(0, 200), 'latin1').toString('utf8'));
}

function bad(reason: string): Fault {
  return new Fault('invalid', `The image cannot be used: ${reason}`);
}

import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Fault } from '../base/fault.ts';
import { ImageFilter, type ImageLimits } from '../images/image-filter.ts';
import { padding, type TarEntry, tarTypes } from '../images/tar-format.ts';
import { TarReader, type TarSink } from '../images/tar-reader.ts';
import { tarEnd, tarFile, tarHeader } from '../images/tar-writer.ts';
import type { TemplateFile } from '../templates/template-set.ts';
import { type BackupIndex, indexName, maxIndexBytes, parseIndex } from './backup-index.ts';
import { type DiskIds, idInside } from './disk-ids.ts';

/** The root of a backup's snapshot, or of its instance. */
export interface BackupRoot {
  /** Undefined: the instance itself. */
  readonly snapshot: string | undefined;
  /** A harmless tar archive of the root; read it to its end before the next root. */
  readonly content: AsyncIterable<Uint8Array>;
  /** When the content was read: `metadata.yaml`, if there is one, and the files of `templates/`, hostile but bounded. */
  readonly metadata: () => BackupMetadata;
}

export interface BackupMetadata {
  readonly text: string | undefined;
  readonly files: readonly TemplateFile[];
}

interface Piece {
  readonly section: string;
  readonly bytes: Uint8Array;
}

const container = 'container';

/**
 * Reads a hostile backup as it arrives: its index, then its roots one after the other, each through the filter of images
 * (`ImageFilter`). The index comes first and every root in one run, or the fault is `invalid`.
 */
export class BackupReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #sorter = new Sorter();
  readonly #tar = new TarReader(this.#sorter);
  #limits: ImageLimits;
  #readBytes = 0;
  #pieces: Piece[] = [];

  constructor(content: AsyncIterable<Uint8Array>, limits: ImageLimits) {
    this.#source = decompressed(content)[Symbol.asyncIterator]();
    this.#limits = limits;
  }

  /** From now on the whole backup may be so large when it is decompressed: fault `exhausted`. */
  allow(maxUnpackedBytes: number): void {
    this.#limits = { ...this.#limits, maxUnpackedBytes };
  }

  async index(): Promise<BackupIndex> {
    while (this.#sorter.index === undefined && (await this.#more()));
    if (this.#sorter.index === undefined) throw bad('it has no index');
    return this.#sorter.index;
  }

  async *roots(): AsyncGenerator<BackupRoot, void, void> {
    const seen = new Set<string>();
    for (let next = await this.#peek(); next !== undefined; next = await this.#peek()) {
      const { section } = next;
      if (seen.has(section)) throw bad('the files of a root are not together');
      seen.add(section);
      const filter = new ImageFilter(this.#limits);
      yield {
        snapshot: section === container ? undefined : section.slice(1),
        content: this.#root(section, filter),
        metadata: () => ({
          text: filter.metadata === noMetadata ? undefined : filter.metadata,
          files: filter.templates,
        }),
      };
      if ((await this.#peek())?.section === section) throw new Fault('internal', 'A root was not read to its end');
    }
  }

  /** Ends the reading, wherever it is. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async *#root(section: string, filter: ImageFilter): AsyncGenerator<Uint8Array, void, void> {
    for (let next = await this.#peek(); next?.section === section; next = await this.#peek()) {
      this.#pieces.shift();
      const safe = filter.push(next.bytes);
      if (safe.length > 0) yield Buffer.concat(safe);
    }
    if (filter.metadata === undefined) filter.push(filterTail);
    filter.push(tarEnd);
    for (const bytes of filter.finish()) yield bytes;
  }

  async #peek(): Promise<Piece | undefined> {
    while (this.#pieces.length === 0 && (await this.#more()));
    return this.#pieces[0];
  }

  /** False at the end. */
  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done === true) {
      this.#tar.finish();
      return false;
    }
    this.#readBytes += value.length;
    const { maxUnpackedBytes } = this.#limits;
    if (this.#readBytes > maxUnpackedBytes) {
      throw new Fault('exhausted', `The backup needs more than the ${maxUnpackedBytes} bytes that it may take`);
    }
    this.#tar.push(value);
    this.#pieces.push(...this.#sorter.take());
    return true;
  }
}

/** Says of each entry which root it belongs to, and writes it anew as one of an image, with the owner that the instance sees. */
class Sorter implements TarSink {
  index: BackupIndex | undefined;
  #diskIds: ReadonlyMap<string, DiskIds | undefined> = new Map();
  readonly #indexPieces: Buffer[] = [];
  #pieces: { section: string; chunks: Uint8Array[] }[] = [];
  #section: string | undefined;
  #inIndex = false;
  #padding = 0;

  take(): Piece[] {
    const pieces = this.#pieces.map(({ section, chunks }) => ({ section, bytes: Buffer.concat(chunks) }));
    this.#pieces = [];
    return pieces;
  }

  entry(entry: TarEntry): boolean {
    this.#section = undefined;
    this.#inIndex = false;
    this.#padding = 0;
    const parts = componentsOf(entry.name);
    if (parts.join('/') === indexName) return this.#beginIndex(entry);
    if (this.index === undefined) {
      if (entry.type === tarTypes.directory && parts.join('/') === 'backup') return false;
      throw bad('its index does not come first');
    }
    const place = placeOf(parts);
    if (place === undefined) return false; // what else a backup brings is not used
    this.#section = place.section;
    const target = entry.type === tarTypes.hardLink ? placeOf(componentsOf(entry.linkName)) : undefined;
    if (entry.type === tarTypes.hardLink && target?.section !== place.section) {
      throw bad('it has a hard link that leads out of its root');
    }
    const linkName = target === undefined ? entry.linkName : target.name;
    const owner = ownerIn(this.#diskIds.get(place.section), entry);
    this.#push(tarHeader({ ...entry, ...owner, name: place.name, linkName }));
    this.#padding = padding(entry.sizeBytes);
    return true;
  }

  data(bytes: Uint8Array): void {
    if (this.#inIndex) this.#indexPieces.push(Buffer.from(bytes));
    else this.#push(bytes);
  }

  endEntry(): void {
    if (this.#inIndex) this.#endIndex(parseIndex(Buffer.concat(this.#indexPieces).toString('utf8')));
    if (this.#padding > 0) this.#push(new Uint8Array(this.#padding));
    this.#padding = 0;
  }

  #beginIndex(entry: TarEntry): boolean {
    if (this.index !== undefined) throw bad('it has two indexes');
    const isFile = entry.type === tarTypes.file || entry.type === tarTypes.oldFile;
    if (!isFile || entry.realSizeBytes !== undefined) throw bad('its index is not a regular file');
    if (entry.sizeBytes > maxIndexBytes) throw bad('its index is too large');
    this.#inIndex = true;
    return true;
  }

  #endIndex(index: BackupIndex): void {
    this.index = index;
    const ofSnapshots = index.snapshots.map(({ name, diskIds }) => [sectionOf(name), diskIds] as const);
    this.#diskIds = new Map([...ofSnapshots, [container, index.diskIds]]);
  }

  #push(bytes: Uint8Array): void {
    if (this.#section === undefined) return;
    const last = this.#pieces.at(-1);
    if (last?.section === this.#section) last.chunks.push(bytes);
    else this.#pieces.push({ section: this.#section, chunks: [bytes] });
  }
}

/** Which root it is of, and its name there as an image has it. Undefined for what is of none. */
function placeOf([top, kind, ...rest]: readonly string[]): { section: string; name: string } | undefined {
  if (top !== 'backup') return undefined;
  const [section, parts] =
    kind === 'container' ? [container, rest] : kind === 'snapshots' ? [sectionOf(rest[0]), rest.slice(1)] : ['', []];
  return partsOfImage.includes(parts[0] ?? '') ? { section, name: parts.join('/') } : undefined;
}

/** A name of a snapshot cannot be one of the instance's section: it has a slash in front. */
function sectionOf(snapshot: string | undefined): string {
  return `/${snapshot}`;
}

function ownerIn(diskIds: DiskIds | undefined, { uid, gid }: TarEntry): Pick<TarEntry, 'uid' | 'gid'> {
  return diskIds === undefined
    ? { uid, gid }
    : { uid: idInside(diskIds.users, uid), gid: idInside(diskIds.groups, gid) };
}

function componentsOf(name: string): string[] {
  if (name.startsWith('/')) throw bad('it has an absolute path');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw bad('it has a path that leads out of it');
  return parts;
}

const partsOfImage = ['rootfs', 'metadata.yaml', 'templates'];

/** The filter is one of images, which have metadata: this stands for none. */
const noMetadata = '';
const filterTail = tarFile(
  {
    ...{
      name: 'metadata.yaml',
      type: tarTypes.file,
      linkName: '',
      mode: 0o644,
      uid: 0,
      gid: 0,
      sizeBytes: 0,
      mtime: 0,
    },
    attributes: new Map(),
  },
  Buffer.from(noMetadata),
);

async function* decompressed(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const source = content[Symbol.asyncIterator]();
  let first = Buffer.alloc(0);
  while (first.length < 6) {
    const { done, value } = await source.next();
    if (done === true) break;
    first = Buffer.concat([first, value]);
  }
  const all = async function* all(): AsyncGenerator<Uint8Array, void, void> {
    yield first;
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
  };
  const magic = first.toString('hex');
  if (/^(?:fd377a58|425a68|68737173|5d0000)/.test(magic)) {
    throw new Fault('unsupported', 'The backup is compressed with xz, bzip2 or squashfs; yurt reads gzip and zstd');
  }
  const unzip = magic.startsWith('28b52ffd')
    ? createZstdDecompress()
    : magic.startsWith('1f8b')
      ? createGunzip()
      : undefined;
  if (unzip === undefined) return yield* all();
  const plain = Readable.from(all(), { objectMode: false });
  plain.on('error', (error) => unzip.destroy(error));
  try {
    for await (const chunk of plain.pipe(unzip)) yield chunk as Uint8Array; // a stream without encoding yields bytes
  } catch (error) {
    const zlib = error instanceof Error && 'code' in error && /^(?:Z_|ZSTD_|ERR_.*ZLIB)/.test(String(error.code));
    throw zlib ? new Fault('invalid', 'The backup is damaged: it cannot be decompressed', { cause: error }) : error;
  } finally {
    plain.destroy();
    unzip.destroy();
  }
}

function bad(reason: string): Fault {
  return new Fault('invalid', `The backup cannot be used: ${reason}`);
}

import { Fault } from '../base/fault.ts';
import { blockSize, headerSum, padding, type TarEntry, tarTypes } from './tar-format.ts';

export const tarLimits = {
  /** Bytes of the extension headers of one entry: long names, extended attributes. */
  maxExtensionBytes: 1024 * 1024,
  /** Extension headers in a row before an entry. */
  maxExtensions: 8,
} as const;

/** What a reader tells. `data` is only called for an entry that was answered with true. */
export interface TarSink {
  /** A new entry; true to receive its content. */
  entry(entry: TarEntry): boolean;
  /** A piece of the current entry's content; valid only during the call. */
  data(bytes: Uint8Array): void;
  /** The current entry's content is complete. */
  endEntry(): void;
}

type State = 'header' | 'extension' | 'content' | 'padding' | 'end';

/**
 * Reads a tar archive as its bytes arrive. It trusts nothing: checksums, numbers and sizes are verified, extension
 * headers are bounded, and what it does not understand (older formats of sparse files, multi-volume archives) is a Fault `invalid`.
 */
export class TarReader {
  readonly #sink: TarSink;
  readonly #header = Buffer.alloc(blockSize);
  #filled = 0;
  #state: State = 'header';
  #left = 0;
  #padding = 0;
  #wanted = false;
  #extension: Buffer[] = [];
  #extensionType = '';
  #extensions = 0;
  #overrides = new Map<string, string>();

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length && this.#state !== 'end') {
      if (this.#state === 'header') {
        const part = chunk.subarray(offset, offset + blockSize - this.#filled);
        this.#header.set(part, this.#filled);
        this.#filled += part.length;
        offset += part.length;
        if (this.#filled === blockSize) {
          this.#filled = 0;
          this.#takeHeader();
        }
        continue;
      }
      const part = chunk.subarray(offset, offset + this.#left);
      offset += part.length;
      this.#left -= part.length;
      if (this.#state === 'extension') this.#extension.push(Buffer.from(part));
      else if (this.#state === 'content' && this.#wanted) this.#sink.data(part);
      if (this.#left === 0) this.#endRun();
    }
  }

  /** The input has ended. Fault `invalid` when it ended before the block of zeros that ends an archive. */
  finish(): void {
    if (this.#state !== 'end') throw bad('it ends too early');
  }

  #takeHeader(): void {
    const header = this.#header;
    if (header.every((byte) => byte === 0)) {
      this.#state = 'end';
      return;
    }
    if (number(header, 148, 8) !== headerSum(header)) throw bad('a header has a wrong checksum');
    const type = header.toString('latin1', 156, 157);
    const size = number(header, 124, 12);
    if (isExtension(type)) this.#beginExtension(type, size);
    else this.#beginEntry(type, size);
  }

  #beginExtension(type: string, size: number): void {
    this.#extensions += 1;
    if (size > tarLimits.maxExtensionBytes || this.#extensions > tarLimits.maxExtensions) {
      throw bad('an extension header is too large');
    }
    this.#extensionType = type;
    this.#extension = [];
    this.#run('extension', size);
  }

  #beginEntry(type: string, headerSize: number): void {
    const entry = this.#entry(type, headerSize);
    this.#overrides = new Map();
    this.#extensions = 0;
    this.#wanted = this.#sink.entry(entry);
    this.#run('content', entry.sizeBytes);
  }

  #run(state: State, size: number): void {
    this.#state = state;
    this.#left = size;
    this.#padding = padding(size);
    if (size === 0) this.#endRun();
  }

  #endRun(): void {
    const ended = this.#state;
    if (ended === 'extension') this.#takeExtension();
    if (ended === 'content') this.#sink.endEntry();
    if (ended !== 'padding' && this.#padding > 0) {
      this.#state = 'padding';
      this.#left = this.#padding;
      return;
    }
    this.#state = 'header';
  }

  #takeExtension(): void {
    const bytes = Buffer.concat(this.#extension);
    this.#extension = [];
    const type = this.#extensionType;
    if (type === tarTypes.longName) this.#overrides.set('path', untilNul(bytes.toString('latin1')));
    else if (type === tarTypes.longLink) this.#overrides.set('linkpath', untilNul(bytes.toString('latin1')));
    else if (type === tarTypes.extended) for (const [key, value] of paxRecords(bytes)) this.#overrides.set(key, value);
    // A global header only has defaults and comments: what it says is checked for form and not used.
    else for (const [key] of paxRecords(bytes)) if (isSparseKey(key)) throw bad('all of its files are sparse');
  }

  #entry(type: string, headerSize: number): TarEntry {
    const header = this.#header;
    const given = this.#overrides;
    const posix = header.toString('latin1', 257, 263) === 'ustar\0';
    const prefix = posix ? text(header, 345, 155) : '';
    const shortName = text(header, 0, 100);
    const attributes = new Map<string, string>();
    for (const [key, value] of given) {
      if (key.startsWith('SCHILY.xattr.') || key.startsWith('SCHILY.acl.')) attributes.set(key, value);
    }
    const hasContent = type === tarTypes.file || type === tarTypes.oldFile || type === tarTypes.contiguousFile;
    const size = decimal(given.get('size')) ?? headerSize;
    const sparse = sparseFile(given);
    if (sparse !== undefined && !hasContent) throw bad('something else than a file is sparse');
    const mtime = given.get('mtime');
    return {
      name: sparse?.name ?? given.get('path') ?? (prefix === '' ? shortName : `${prefix}/${shortName}`),
      type,
      linkName: given.get('linkpath') ?? text(header, 157, 100),
      mode: number(header, 100, 8) & 0o7777,
      uid: decimal(given.get('uid')) ?? number(header, 108, 8),
      gid: decimal(given.get('gid')) ?? number(header, 116, 8),
      // Links and directories may carry a size that no content follows (POSIX, "size").
      sizeBytes: hasContent || !isPlain(type) ? size : 0,
      ...(sparse === undefined ? {} : { realSizeBytes: sparse.realSizeBytes }),
      mtime: mtime === undefined ? number(header, 136, 12) : Math.max(0, Math.floor(Number.parseFloat(mtime) || 0)),
      attributes,
    };
  }
}

function isExtension(type: string): boolean {
  return (
    type === tarTypes.longName ||
    type === tarTypes.longLink ||
    type === tarTypes.extended ||
    type === tarTypes.globalExtended
  );
}

/** Types that POSIX defines without content, so that a size in their header means nothing. */
function isPlain(type: string): boolean {
  return type >= tarTypes.hardLink && type <= tarTypes.fifo;
}

function isSparseKey(key: string): boolean {
  return key.startsWith('GNU.sparse.');
}

/** Of a sparse file in version 1.0 of GNU's format, undefined of any other file. */
function sparseFile(given: ReadonlyMap<string, string>): { name: string; realSizeBytes: number } | undefined {
  if (![...given.keys()].some(isSparseKey)) return undefined;
  const name = given.get('GNU.sparse.name');
  const realSizeBytes = decimal(given.get('GNU.sparse.realsize'));
  const isVersion1 = given.get('GNU.sparse.major') === '1' && given.get('GNU.sparse.minor') === '0';
  if (!isVersion1 || name === undefined || realSizeBytes === undefined) {
    throw bad('it has sparse files in another format than pax 1.0');
  }
  return { name, realSizeBytes };
}

function* paxRecords(bytes: Buffer): Generator<[string, string]> {
  let offset = 0;
  while (offset < bytes.length) {
    const space = bytes.indexOf(32, offset);
    const digits = space === -1 ? '' : bytes.toString('latin1', offset, space);
    const length = /^[1-9][0-9]{0,6}$/.test(digits) ? Number(digits) : 0;
    const end = offset + length;
    const equals = bytes.indexOf(61, space + 1);
    const fits = length > 0 && end <= bytes.length && equals !== -1 && equals < end && bytes[end - 1] === 10;
    if (!fits) throw bad('an extension header is malformed');
    yield [bytes.toString('latin1', space + 1, equals), bytes.toString('latin1', equals + 1, end - 1)];
    offset = end;
  }
}

function decimal(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[0-9]{1,15}$/.test(value)) throw bad('a number is malformed');
  return Number(value);
}

/** An octal field, or GNU's base-256 one (first bit set). */
function number(header: Buffer, offset: number, width: number): number {
  const field = header.subarray(offset, offset + width);
  const first = field[0] ?? 0;
  if ((first & 0x80) !== 0) {
    // 0xff begins a negative number. Six bytes are what a double holds exactly.
    const high = field.subarray(1, -6).some((byte) => byte !== 0);
    if (first !== 0x80 || high) throw bad('a number is out of range');
    return width > 7 ? field.readUIntBE(width - 6, 6) : 0;
  }
  const digits = untilNul(field.toString('latin1')).trim();
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw bad('a number is malformed');
  return Number.parseInt(digits, 8);
}

function text(header: Buffer, offset: number, width: number): string {
  return untilNul(header.toString('latin1', offset, offset + width));
}

function untilNul(value: string): string {
  const end = value.indexOf('\0');
  return end === -1 ? value : value.slice(0, end);
}

function bad(reason: string): Fault {
  return new Fault('invalid', `The image is not a usable tar archive: ${reason}`);
}

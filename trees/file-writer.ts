import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  ftruncateSync,
  openSync,
  renameSync,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import type { Entry } from '../proto/trees/entry.ts';
import { offsetBytes } from '../proto/trees/record.ts';
import { about, TreeFault } from '../proto/trees/tree-fault.ts';
import type { WritePolicy } from '../proto/trees/write-policy.ts';
import type { Directory } from './directory.ts';
import { applyMetadata, type Existing } from './file-metadata.ts';

/** From here on a write is worth a thread of its own: it may wait for the disk, and others wait for this process. */
const asyncWriteBytes = 32 * 1024;
const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;

/** What something is called until it is whole. */
export function temporaryName(): Buffer {
  return Buffer.from(`.yurt-${randomBytes(8).toString('hex')}`);
}

/** One file: under a name of its own until it is whole. */
export class FileWriter {
  readonly #directory: Directory;
  readonly #name: Buffer;
  readonly #entry: Entry;
  readonly #existing: Existing;
  readonly #temporary = temporaryName();
  readonly #fd: number;
  #end = 0;
  #busy = false;
  #closed = false;

  /** `existing` is the file whose place it takes. */
  constructor(directory: Directory, name: Buffer, entry: Entry, existing: Existing) {
    this.#directory = directory;
    this.#name = name;
    this.#entry = entry;
    this.#existing = existing;
    this.#fd = openSync(directory.at(this.#temporary), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
  }

  get shown(): string {
    return this.#directory.show(this.#name);
  }

  /** The payload of a `data` record. */
  write(payload: Buffer): Promise<void> | void {
    const offset = numberAt(payload);
    const data = payload.subarray(offsetBytes);
    if (offset < this.#end) throw new TreeFault('EPROTO', 'The other end sent data out of order');
    this.#end = offset + data.length;
    if (data.length >= asyncWriteBytes) return this.#writeLarge(data, offset);
    about(
      () => this.shown,
      () => writeAll(data, offset, (rest, position) => writeSync(this.#fd, rest, 0, rest.length, position)),
    );
  }

  /** Gives it its length (the payload of an `end` record) and all else that it has, then its name. Returns what could not be kept. */
  finish(policy: WritePolicy, payload: Buffer): string[] {
    const size = numberAt(payload);
    if (size < this.#end) throw new TreeFault('EPROTO', 'The other end sent more data than the file has');
    if (size > this.#end) ftruncateSync(this.#fd, size);
    const temporary = this.#directory.at(this.#temporary);
    const place = { fd: this.#fd, path: temporary, shown: this.shown };
    const lost = applyMetadata(policy, this.#entry, this.#existing, place);
    try {
      renameSync(temporary, this.#directory.at(this.#name));
    } catch (error) {
      // Something is mounted on it, as on /etc/resolv.conf of some systems: only its content can be changed.
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EBUSY') throw error;
      copyFileSync(temporary, this.#directory.at(this.#name));
      unlinkSync(temporary);
    }
    this.#close();
    return lost;
  }

  /** Removes what there is of it. Idempotent. */
  abort(): void {
    if (this.#closed) return;
    try {
      unlinkSync(this.#directory.at(this.#temporary));
    } catch {
      // Somebody else has removed it.
    }
    this.#close();
  }

  #close(): void {
    this.#closed = true;
    if (!this.#busy) closeSync(this.#fd);
  }

  async #writeLarge(data: Buffer, offset: number): Promise<void> {
    this.#busy = true;
    try {
      for (let done = 0; done < data.length; ) done += await this.#writeSome(data.subarray(done), offset + done);
    } finally {
      this.#busy = false;
      if (this.#closed) closeSync(this.#fd);
    }
  }

  #writeSome(data: Buffer, position: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    write(this.#fd, data, 0, data.length, position, (error, written) => {
      if (error === null) resolve(written);
      else reject(TreeFault.from(error, this.shown));
    });
    return promise;
  }
}

function writeAll(data: Buffer, offset: number, writeSome: (rest: Buffer, position: number) => number): void {
  for (let done = 0; done < data.length; ) done += writeSome(data.subarray(done), offset + done);
}

/** The number of eight bytes that a payload begins with. */
function numberAt(payload: Buffer): number {
  const value = payload.length < offsetBytes ? -1n : payload.readBigUInt64BE(0);
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new TreeFault('EPROTO', 'The other end sent a malformed length');
  }
  return Number(value);
}

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  ftruncateSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { Entry } from '../proto/trees/entry.ts';
import { offsetBytes } from '../proto/trees/record.ts';
import { about, TreeFault } from '../proto/trees/tree-fault.ts';
import type { WritePolicy } from '../proto/trees/write-policy.ts';
import type { Directory } from './directory.ts';
import { applyMetadata, type Existing } from './file-metadata.ts';
import { type MakeRoom, WriteBehind } from './write-behind.ts';

/** From here on a piece is not written at once: that may wait for the disk, and others wait for this process. */
const behindBytes = 32 * 1024;
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
  readonly #makeRoom: MakeRoom | undefined;
  readonly #temporary = temporaryName();
  readonly #fd: number;
  #end = 0;
  #behind: WriteBehind | undefined;
  #closed = false;

  /** `existing` is the file whose place it takes. With `makeRoom` nothing is written before there is room for it. */
  constructor(directory: Directory, name: Buffer, entry: Entry, existing: Existing, makeRoom?: MakeRoom) {
    this.#directory = directory;
    this.#name = name;
    this.#entry = entry;
    this.#existing = existing;
    this.#makeRoom = makeRoom;
    this.#fd = openSync(directory.at(this.#temporary), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
  }

  get shown(): string {
    return this.#directory.show(this.#name);
  }

  /** The payload of a `data` record, which must stay as it is. The promise is there when more should wait for it. */
  write(payload: Buffer): Promise<void> | void {
    const offset = numberAt(payload);
    const data = payload.subarray(offsetBytes);
    if (offset < this.#end) throw new TreeFault('EPROTO', 'The other end sent data out of order');
    this.#end = offset + data.length;
    if (this.#behind === undefined && this.#makeRoom === undefined && data.length < behindBytes) {
      about(
        () => this.shown,
        () => writeAll(data, offset, (rest, position) => writeSync(this.#fd, rest, 0, rest.length, position)),
      );
      return;
    }
    this.#behind ??= new WriteBehind(this.#fd, this.#makeRoom);
    return this.#behind.write(data, offset)?.catch((error: unknown) => {
      throw TreeFault.from(error, this.shown);
    });
  }

  /** Whether to wait for `settled` before `finish`. */
  get unsettled(): boolean {
    return this.#behind !== undefined;
  }

  /** Resolves when all that was handed to `write` is written. */
  async settled(): Promise<void> {
    try {
      await this.#behind?.settled();
    } catch (error) {
      throw TreeFault.from(error, this.shown);
    }
  }

  /**
   * Gives it its length (the payload of an `end` record) and all else that it has, then its name. Everything must be written.
   * Returns what could not be kept.
   */
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
    if (this.#behind?.busy === true) void this.#behind.stop().then(() => closeSync(this.#fd));
    else closeSync(this.#fd);
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

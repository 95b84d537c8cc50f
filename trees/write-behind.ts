import { writev } from 'node:fs';

/** One write: each is handed to another thread, which costs more than the copy of some pieces. */
const writeBytes = 256 * 1024;
/** What may wait for the write before it. */
const maxWaitingBytes = 1024 * 1024;
/** What a piece counts at least: a million of one byte must not cost a million objects. */
const minPieceBytes = 4096;

/** Sees to it that a file has the pages of a part of it before that is written. Failures are those of fallocate(2). */
export type MakeRoom = (fd: number, offset: number, length: number) => Promise<void>;

interface Run {
  readonly offset: number;
  readonly pieces: Buffer[];
  length: number;
}

/**
 * Writes a file in the background, since a write may wait for the disk: pieces that follow on each other are gathered and
 * written with one call. Failures are those of pwritev(2).
 */
export class WriteBehind {
  readonly #fd: number;
  readonly #makeRoom: MakeRoom | undefined;
  #waiting: Run[] = [];
  #waitingBytes = 0;
  #failure: { readonly error: unknown } | undefined;
  #work: Promise<void> | undefined;
  #stopped = false;

  constructor(fd: number, makeRoom?: MakeRoom) {
    this.#fd = fd;
    this.#makeRoom = makeRoom;
  }

  /** Whether the descriptor is in use. */
  get busy(): boolean {
    return this.#work !== undefined;
  }

  /** `data` must stay as it is. The promise is there when too much waits: it resolves when more may come. */
  write(data: Buffer, offset: number): Promise<void> | void {
    if (this.#failure !== undefined) return this.settled();
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.offset + last.length === offset) {
      last.pieces.push(data);
      last.length += data.length;
    } else this.#waiting.push({ offset, pieces: [data], length: data.length });
    this.#waitingBytes += Math.max(data.length, minPieceBytes);
    if (this.#waitingBytes >= writeBytes) this.#work ??= this.#writeWaiting(writeBytes);
    if (this.#waitingBytes >= maxWaitingBytes) return this.settled();
  }

  /** Resolves when all is written; rejects with the first failure. */
  async settled(): Promise<void> {
    await this.#work;
    this.#work ??= this.#writeWaiting(0);
    await this.#work;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Writes nothing more; resolves when the descriptor is not in use any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  /** Until less than `enough` waits. Never rejects. */
  async #writeWaiting(enough: number): Promise<void> {
    try {
      while (this.#waiting.length > 0 && this.#waitingBytes >= enough) {
        const runs = this.#waiting;
        this.#waiting = [];
        this.#waitingBytes = 0;
        for (const run of runs) if (!this.#stopped) await this.#writeRun(run);
      }
    } catch (error) {
      this.#failure = { error };
    }
    await Promise.resolve(); // so that the next line comes after the assignment, also when nothing was written
    this.#work = undefined;
  }

  async #writeRun({ offset, pieces, length }: Run): Promise<void> {
    await this.#makeRoom?.(this.#fd, offset, length);
    for (let done = 0; done < length; ) done += await this.#writeSome(after(pieces, done), offset + done);
  }

  #writeSome(pieces: readonly Buffer[], position: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    writev(this.#fd, pieces, position, (error, written) => (error === null ? resolve(written) : reject(error)));
    return promise;
  }
}

/** What of `pieces` comes after their first bytes. */
function after(pieces: readonly Buffer[], bytes: number): readonly Buffer[] {
  let rest = bytes;
  const index = pieces.findIndex((piece) => {
    if (rest < piece.length) return true;
    rest -= piece.length;
    return false;
  });
  const [first, ...others] = pieces.slice(index);
  return first === undefined ? [] : [first.subarray(rest), ...others];
}

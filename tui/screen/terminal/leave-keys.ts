import { Transform, type TransformCallback } from 'node:stream';

const leaveByte = 0x1d; // ctrl+]

/** How close together the two must be typed. */
const withinMs = 600;

/** Passes on what is typed; ctrl+] twice calls `leave` instead of its second one. */
export class LeaveKeys extends Transform {
  readonly #leave: () => void;
  readonly #now: () => number;
  #last = Number.NEGATIVE_INFINITY;

  constructor(leave: () => void, now: () => number = Date.now) {
    super();
    this.#leave = leave;
    this.#now = now;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (const [index, byte] of chunk.entries()) {
      if (byte !== leaveByte) {
        this.#last = Number.NEGATIVE_INFINITY;
        continue;
      }
      if (this.#now() - this.#last <= withinMs) {
        done(null, chunk.subarray(0, index));
        this.#leave();
        return;
      }
      this.#last = this.#now();
    }
    done(null, chunk);
  }
}

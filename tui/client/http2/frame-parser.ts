import { defaultMaxFrameBytes, type Frame, frameHeaderBytes } from './frame.ts';

/** Cuts what a socket reads into frames. Throws a RangeError for a longer one than HTTP/2 begins with: we allow no other. */
export class FrameParser {
  readonly #parts: Buffer[] = [];
  #size = 0;
  #head: Buffer | undefined;

  *push(chunk: Buffer): Generator<Frame, void> {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    for (;;) {
      this.#head ??= this.#take(frameHeaderBytes);
      if (this.#head === undefined) return;
      const length = this.#head.readUIntBE(0, 3);
      if (length > defaultMaxFrameBytes) throw new RangeError(`The server sent a frame of ${length} bytes`);
      const payload = this.#take(length);
      if (payload === undefined) return;
      const head = this.#head;
      this.#head = undefined;
      yield {
        type: head.readUInt8(3),
        flags: head.readUInt8(4),
        streamId: head.readUInt32BE(5) & 0x7fff_ffff,
        payload,
      };
    }
  }

  /** The next bytes when all of them are there; copied only when they were read in parts. */
  #take(size: number): Buffer | undefined {
    if (this.#size < size) return undefined;
    this.#size -= size;
    const taken: Buffer[] = [];
    for (let missing = size; missing > 0; ) {
      const [first = Buffer.alloc(0)] = this.#parts; // as many are there
      const part = first.subarray(0, missing);
      taken.push(part);
      missing -= part.length;
      if (part.length === first.length) this.#parts.shift();
      else this.#parts[0] = first.subarray(part.length);
    }
    const [only = Buffer.alloc(0), ...more] = taken;
    return more.length === 0 ? only : Buffer.concat(taken);
  }
}

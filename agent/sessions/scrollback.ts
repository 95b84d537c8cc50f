/** The first piece of memory; it doubles up to the capacity. */
const firstBytes = 4 * 1024;

/** The last bytes of an output, by their position in it. */
export class Scrollback {
  readonly #capacity: number;
  #ring = Buffer.alloc(0);
  #end = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many bytes there have been: the position after the last one. */
  get end(): number {
    return this.#end;
  }

  /** The position of the first one that is kept. */
  get start(): number {
    return Math.max(0, this.#end - this.#capacity);
  }

  push(bytes: Buffer): void {
    this.#makeRoom(this.#end + bytes.length);
    let rest = bytes;
    if (rest.length > this.#capacity) {
      this.#end += rest.length - this.#capacity;
      rest = rest.subarray(-this.#capacity);
    }
    while (rest.length > 0) {
      const copied = rest.copy(this.#ring, this.#end % this.#ring.length);
      this.#end += copied;
      rest = rest.subarray(copied);
    }
  }

  /** Up to `most` bytes at a position that is kept; they are valid until the next `push`. */
  at(position: number, most: number): Buffer {
    const index = position % this.#ring.length;
    return this.#ring.subarray(index, Math.min(index + Math.min(most, this.#end - position), this.#ring.length));
  }

  /** Until the ring is as large as it may be nothing in it has been written over: positions are indexes. */
  #makeRoom(bytes: number): void {
    if (this.#ring.length === this.#capacity || bytes <= this.#ring.length) return;
    let size = Math.max(firstBytes, this.#ring.length);
    while (size < bytes && size < this.#capacity) size *= 2;
    const larger = Buffer.alloc(Math.min(size, this.#capacity));
    this.#ring.copy(larger);
    this.#ring = larger;
  }
}

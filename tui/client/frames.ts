/** The five bytes before a message of `length` bytes: not compressed, then the length. */
export function frameHeader(length: number): Buffer {
  const header = Buffer.alloc(frameHeaderBytes);
  header.writeUInt32BE(length, 1);
  return header;
}

/**
 * Cuts a stream of bytes into messages. Throws a RangeError for a message that is compressed (nobody asked for that)
 * or longer than `maxMessageBytes`. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class FrameReader {
  readonly #maxMessageBytes: number;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Whether a message has begun and not ended. */
  get inMessage(): boolean {
    return this.#size > 0;
  }

  *push(chunk: Buffer): Generator<Buffer, void> {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    for (;;) {
      if (this.#size < frameHeaderBytes) return;
      const head = this.#joined(frameHeaderBytes);
      const length = head.readUInt32BE(1);
      if (head.readUInt8(0) !== 0) throw new RangeError('The server sent a compressed message');
      if (length > this.#maxMessageBytes) throw new RangeError(`The server sent a message of ${length} bytes`);
      if (this.#size < frameHeaderBytes + length) return;
      const bytes = this.#joined(frameHeaderBytes + length);
      const rest = bytes.subarray(frameHeaderBytes + length);
      this.#parts = [rest, ...this.#parts.slice(1)];
      this.#size -= frameHeaderBytes + length;
      yield bytes.subarray(frameHeaderBytes, frameHeaderBytes + length);
    }
  }

  /** The first part, made at least `size` bytes long; parts are joined no more often than messages need it. */
  #joined(size: number): Buffer {
    const [first = Buffer.alloc(0)] = this.#parts;
    if (first.length >= size) return first;
    const all = Buffer.concat(this.#parts);
    this.#parts = [all];
    return all;
  }
}

const frameHeaderBytes = 5;

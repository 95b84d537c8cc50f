import {
  encodeRecord,
  offsetBytes,
  type RecordType,
  recordHeaderBytes,
  writeRecordHeader,
} from '../proto/trees/record.ts';

/** What is sent at once: as much as one frame of the agent's protocol holds. */
export const chunkBytes = 64 * 1024;
/** A piece of a file that is smaller than this waits for the next chunk. */
const minDataBytes = 4 * 1024;

/** Packs records into chunks; file content is read straight into them. Each generator yields what is full meanwhile. */
export class Chunks {
  #chunk = Buffer.allocUnsafeSlow(chunkBytes);
  #used = 0;

  *record(type: RecordType, payload: Uint8Array): Generator<Buffer, void> {
    const size = recordHeaderBytes + payload.length;
    if (size > chunkBytes - this.#used) yield* this.flush();
    if (size > chunkBytes) {
      yield encodeRecord(type, payload);
      return;
    }
    writeRecordHeader(this.#chunk, this.#used, type, payload.length);
    this.#chunk.set(payload, this.#used + recordHeaderBytes);
    this.#used += size;
  }

  *warning(text: string): Generator<Buffer, void> {
    yield* this.record('warning', Buffer.from(text));
  }

  /** Content at `offset`, at most `wanted` bytes of it; `read` fills a part of a buffer. Returns how much there was. */
  *data(
    offset: number,
    wanted: number,
    read: (buffer: Buffer, position: number, length: number) => number,
  ): Generator<Buffer, number> {
    const head = recordHeaderBytes + offsetBytes;
    if (chunkBytes - this.#used - head < Math.min(wanted, minDataBytes)) yield* this.flush();
    const size = read(this.#chunk, this.#used + head, Math.min(wanted, chunkBytes - this.#used - head));
    if (size === 0) return 0;
    writeRecordHeader(this.#chunk, this.#used, 'data', offsetBytes + size);
    this.#chunk.writeBigUInt64BE(BigInt(offset), this.#used + recordHeaderBytes);
    this.#used += head + size;
    return size;
  }

  /** The end of a file of `size` bytes. */
  *end(size: number): Generator<Buffer, void> {
    const payload = Buffer.allocUnsafe(offsetBytes);
    payload.writeBigUInt64BE(BigInt(size));
    yield* this.record('end', payload);
  }

  *flush(): Generator<Buffer, void> {
    if (this.#used === 0) return;
    const full = this.#chunk.subarray(0, this.#used);
    this.#chunk = Buffer.allocUnsafeSlow(chunkBytes);
    this.#used = 0;
    yield full;
  }
}

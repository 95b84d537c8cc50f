import { TreeFault } from './tree-fault.ts';

/**
 * A stream of records: one byte of type, four of length (big-endian), then the payload.
 *
 * `entry`: JSON, see `Entry`; a directory's entries follow it, each a depth deeper. A `file` is followed by its
 * content: `data` records (offset in eight bytes, then bytes), in rising order, what is between them a hole; then `end`
 * with the length in eight bytes. `warning`: UTF-8 text on something that was left out.
 */
export const recordTypes = { entry: 1, data: 2, end: 3, warning: 4 } as const;
export type RecordType = keyof typeof recordTypes;

export interface TreeRecord {
  readonly type: RecordType;
  /** Shares memory with what was pushed. */
  readonly payload: Buffer;
}

export const recordHeaderBytes = 5;
export const offsetBytes = 8;
/** An entry with all the extended attributes that a file may have; data comes in far smaller pieces. */
export const maxPayloadBytes = 1024 * 1024;

const names: ReadonlyMap<number, RecordType> = new Map(
  Object.entries(recordTypes).map(([name, number]) => [number, name as RecordType]), // keys of a const object
);

export function encodeRecord(type: RecordType, payload: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(recordHeaderBytes + payload.length);
  writeRecordHeader(record, 0, type, payload.length);
  record.set(payload, recordHeaderBytes);
  return record;
}

export function writeRecordHeader(target: Buffer, position: number, type: RecordType, length: number): void {
  target[position] = recordTypes[type];
  target.writeUInt32BE(length, position + 1);
}

/** Cuts a stream of bytes into records. Holds at most one record, and copies only those that come in pieces. */
export class RecordParser {
  #parts: Buffer[] = [];
  #size = 0;

  /** Whether a record has begun and not ended. */
  get inRecord(): boolean {
    return this.#size > 0;
  }

  /** Throws a TreeFault (EPROTO). */
  *push(chunk: Buffer): Generator<TreeRecord, void> {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#needed()) return;
    let bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts);
    while (bytes.length >= recordHeaderBytes) {
      const length = recordHeaderBytes + payloadLength(bytes);
      if (bytes.length < length) break;
      const type = names.get(bytes[0] ?? 0);
      if (type === undefined) throw new TreeFault('EPROTO', 'The other end sent a record of an unknown type');
      yield { type, payload: bytes.subarray(recordHeaderBytes, length) };
      bytes = bytes.subarray(length);
    }
    this.#parts = bytes.length === 0 ? [] : [bytes];
    this.#size = bytes.length;
  }

  /** Bytes from which on there is a whole record; more than there are, as long as it is not known. */
  #needed(): number {
    const [first = Buffer.alloc(0)] = this.#parts;
    if (this.#size < recordHeaderBytes) return recordHeaderBytes;
    const head = first.length >= recordHeaderBytes ? first : Buffer.concat(this.#parts);
    return recordHeaderBytes + payloadLength(head);
  }
}

function payloadLength(head: Buffer): number {
  const length = head.readUInt32BE(1);
  if (length > maxPayloadBytes) throw new TreeFault('EPROTO', `The other end sent a record of ${length} bytes`);
  return length;
}

import type { PullFilesResponse__Output } from '../../../proto/gen/yurt/v1/PullFilesResponse.ts';
import { offsetBytes, RecordParser } from '../../../proto/trees/record.ts';

/** A part of a file. */
export interface FilePart {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** The data of the one file that an answer is about. Throws a TreeFault for what is no tree. */
export async function* recordsOf(parts: AsyncIterable<PullFilesResponse__Output>): AsyncGenerator<FilePart, void> {
  const parser = new RecordParser();
  for await (const { records } of parts) {
    for (const { type, payload } of parser.push(records)) {
      if (type !== 'data' || payload.length < offsetBytes) continue;
      yield { offset: Number(payload.readBigUInt64BE(0)), bytes: payload.subarray(offsetBytes) };
    }
  }
}

import { type Entry, encodeEntry } from '../../proto/trees/entry.ts';
import { Chunks, chunkBytes } from '../../trees/chunks.ts';

/** An entry that has no source on this machine. */
export function newEntry(kind: Entry['kind'], mode: number, rest: Partial<Entry> = {}): Entry {
  const now = Date.now();
  return {
    ...{ depth: 0, name: Buffer.from('new'), kind, mode, uid: 0, gid: 0, size: 0 },
    seconds: Math.floor(now / 1000),
    nanoseconds: (now % 1000) * 1_000_000,
    ...rest,
  };
}

/** The records of one entry; of a file with what `content` yields. */
export async function* recordsOf(
  entry: Entry,
  content: AsyncIterable<Buffer> | Iterable<Buffer> = [],
): AsyncGenerator<Buffer, void> {
  const chunks = new Chunks();
  yield* chunks.record('entry', encodeEntry(entry));
  if (entry.kind === 'file') {
    let offset = 0;
    for await (const data of content) {
      for (let done = 0; done < data.length; ) {
        const part = data.subarray(done, done + chunkBytes / 2);
        done += yield* chunks.data(offset + done, part.length, (buffer, position, length) =>
          part.copy(buffer, position, 0, length),
        );
      }
      offset += data.length;
    }
    yield* chunks.end(offset);
  }
  yield* chunks.flush();
}

import type { Readable } from 'node:stream';

/** What may have come and not been taken: then the stream pauses, and with it, by HTTP/2's windows, the server. */
const maxPendingBytes = 256 * 1024;

/**
 * What a stream brings, in the pieces in which it came and no faster than they are taken. A stream's own iterator joins the
 * pieces that wait, which is a copy of everything. Ends also when the stream breaks: that is for its other listeners.
 */
export async function* piecesOf(stream: Readable): AsyncGenerator<Buffer, void> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let over = stream.destroyed;
  let wake = () => {};
  const onData = (piece: Buffer) => {
    pending.push(piece);
    pendingBytes += piece.length;
    if (pendingBytes >= maxPendingBytes) stream.pause();
    wake();
  };
  const onOver = () => {
    over = true;
    wake();
  };
  stream.on('data', onData).on('end', onOver).on('close', onOver);
  try {
    for (;;) {
      const pieces = pending;
      pending = [];
      yield* pieces;
      pendingBytes = pending.reduce((sum, { length }) => sum + length, 0);
      if (pending.length > 0) continue;
      if (over) return;
      stream.resume();
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stream.off('data', onData).off('end', onOver).off('close', onOver);
  }
}

/** The part of a stream that writing needs. */
export interface MessageSink<Message> {
  /** `taken` is called when the connection has taken the message, or never when it has gone. */
  write(message: Message, taken: () => void): unknown;
}

/**
 * Messages of one call that may wait for its connection. gRPC by itself says that a stream is full when sixteen wait, of any size:
 * for each client that does not read that is a megabyte.
 */
const maxWaiting = 2;

interface Waiting {
  count: number;
  wake: (() => void) | undefined;
}

const waitingOf = new WeakMap<object, Waiting>();

/** Writes one message; resolves when the stream takes more. Returns early when the call is over. One at a time for each stream. */
export async function writeTo<Message>(
  stream: MessageSink<Message>,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const waiting = waitingOf.get(stream) ?? { count: 0, wake: undefined };
  waitingOf.set(stream, waiting);
  waiting.count += 1;
  stream.write(message, () => {
    waiting.count -= 1;
    waiting.wake?.();
  });
  if (waiting.count < maxWaiting) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      waiting.wake = undefined;
      signal.removeEventListener('abort', done);
      resolve();
    };
    waiting.wake = done;
    signal.addEventListener('abort', done, { once: true });
  });
}

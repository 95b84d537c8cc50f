import { Fault } from '../base/fault.ts';

/** A client that opens a stream says soon what it is about. */
const startTimeoutMs = 10_000;

/** What a stream of requests begins with. Faults: `timed-out`, `invalid` for one that begins with something else. */
export async function firstMessage<Start>(
  requests: AsyncIterator<{ readonly start?: Start | null | undefined }>,
): Promise<Start> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Fault('timed-out', 'The first message of the stream did not come')),
    startTimeoutMs,
  );
  try {
    const first = await Promise.race([requests.next(), late]);
    const start = first.done ? undefined : first.value.start;
    if (!start) throw new Fault('invalid', 'The first message must be `start`');
    return start;
  } finally {
    clearTimeout(timer);
  }
}

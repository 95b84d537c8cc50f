import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import type { Channel } from './channel.ts';

/** Bytes in one frame: below what strangers may send in a message. */
const maxDataBytes = 48 * 1024;
/**
 * How long the other end is waited for at once: it may keep its connection alive and still do nothing. Writing a large root to
 * a slow disk is something.
 */
const patienceMs = 15 * 60_000;

/**
 * Lets `use` work with a channel, as long as neither the task is canceled nor the other end falls silent. When it fails,
 * the other end is told why.
 */
export async function withChannel<Result>(
  task: Task,
  channel: Channel,
  use: (channel: Channel) => Promise<Result>,
): Promise<Result> {
  const waited = async <Waited>(work: Promise<Waited>): Promise<Waited> => {
    const late = () => channel.fail(new Fault('timed-out', 'The other server does nothing any more'));
    const timer = setTimeout(late, patienceMs);
    return await work.finally(() => clearTimeout(timer));
  };
  const cancel = () => channel.fail(Fault.from(task.signal.reason));
  task.signal.addEventListener('abort', cancel, { once: true });
  const watched: Channel = {
    send: (frame) => waited(channel.send(frame)),
    receive: () => waited(channel.receive()),
    fail: (fault) => channel.fail(fault),
    close: () => channel.close(),
  };
  try {
    task.signal.throwIfAborted();
    return await use(watched);
  } catch (error) {
    channel.fail(Fault.from(error));
    throw error;
  } finally {
    task.signal.removeEventListener('abort', cancel);
    channel.close();
  }
}

/** Sends it all, as fast as the other end takes it, and waits until that has kept it. Faults: those of either end. */
export async function sendAll(
  task: Task,
  channel: Channel,
  content: AsyncIterable<Uint8Array>,
  stage: string,
): Promise<void> {
  let whole = false;
  const answer = doneOf(channel, () => whole);
  // It may come before its time: whatever is being sent then is in vain.
  answer.catch((error: unknown) => channel.fail(Fault.from(error)));
  let done = 0;
  for await (const bytes of content) {
    for (let at = 0; at < bytes.length; at += maxDataBytes) {
      await channel.send({ type: 'data', data: bytes.subarray(at, at + maxDataBytes) });
    }
    done += bytes.length;
    task.report({ stage, done, unit: 'bytes' });
  }
  whole = true;
  await channel.send({ type: 'last' });
  await answer;
}

async function doneOf(channel: Channel, isWhole: () => boolean): Promise<void> {
  const frame = await channel.receive();
  if (frame.type === 'failed') throw frame.fault;
  if (frame.type !== 'done' || !isWhole()) throw new Fault('invalid', 'The other server does not keep to the protocol');
}

/** What the other end sends, no faster than it is read. Faults: those of the other end, `invalid`. */
export async function* receiveAll(task: Task, channel: Channel, stage: string): AsyncGenerator<Uint8Array, void, void> {
  let done = 0;
  for (;;) {
    const frame = await channel.receive();
    if (frame.type === 'last') return;
    if (frame.type === 'failed') throw frame.fault;
    if (frame.type !== 'data') throw new Fault('invalid', 'The other server does not keep to the protocol');
    done += frame.data.length;
    task.report({ stage, done, unit: 'bytes' });
    yield frame.data;
  }
}

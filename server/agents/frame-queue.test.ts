import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExecFrame } from './exec-session.ts';
import { FrameQueue } from './frame-queue.ts';

const exit = { type: 'exit', code: 3, message: '' } as const;

async function all(queue: FrameQueue): Promise<ExecFrame[]> {
  return await Array.fromAsync(queue.frames());
}

describe('the queue of a session', () => {
  it('keeps the order of each channel, and the exit for the end', async () => {
    const queue = new FrameQueue();
    queue.push('stdout', Buffer.from('a'));
    queue.push('stderr', Buffer.from('b'));
    queue.end({ exit });
    queue.end({ failure: new Error('too late') });
    assert.deepEqual(await all(queue), [
      { type: 'stdout', data: Buffer.from('a') },
      { type: 'stderr', data: Buffer.from('b') },
      exit,
    ]);
  });

  it('gathers small pieces that nobody takes, in few blocks', async () => {
    const queue = new FrameQueue();
    for (let index = 0; index < 200_000; index++) queue.push(index % 2 ? 'stdout' : 'stderr', Buffer.from([index]));
    queue.pushStdinWindow(5);
    queue.pushStdinWindow(6);
    queue.end({ exit });
    const frames = await all(queue);
    assert.ok(frames.length < 10);
    assert.deepEqual(frames[0], { type: 'stdin-window', bytes: 11 });
    for (const [channel, first] of [
      ['stderr', 0],
      ['stdout', 1],
    ] as const) {
      const bytes = Buffer.concat(frames.flatMap((frame) => (frame.type === channel ? [frame.data] : [])));
      assert.deepEqual(bytes, Buffer.from(Array.from({ length: 100_000 }, (_, index) => 2 * index + first)));
    }
  });

  it('wakes who waits, and ends with the failure after what came before it', async () => {
    const queue = new FrameQueue();
    const frames = queue.frames();
    const first = frames.next();
    queue.push('stdout', Buffer.from('a'));
    assert.deepEqual((await first).value, { type: 'stdout', data: Buffer.from('a') });
    const second = frames.next();
    queue.end({ failure: new Error('gone') });
    await assert.rejects(second, /gone/);
  });
});

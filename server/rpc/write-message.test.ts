import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { writeTo } from './write-message.ts';

/** A stream whose connection takes a message when the test says so. */
class Sink {
  readonly written: number[] = [];
  readonly #taken: (() => void)[] = [];

  write(message: number, taken: () => void): void {
    this.written.push(message);
    this.#taken.push(taken);
  }

  take(): void {
    this.#taken.shift()?.();
  }
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  return (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))])) !== pending;
}

describe('writing messages', () => {
  it('lets one message wait beside the one that is being sent, and no more', async () => {
    const [sink, { signal }] = [new Sink(), new AbortController()];
    await writeTo(sink, 1, signal);
    const second = writeTo(sink, 2, signal);
    assert.equal(await isSettled(second), false);
    sink.take();
    await second;
    const third = writeTo(sink, 3, signal);
    assert.equal(await isSettled(third), false);
    sink.take();
    sink.take();
    await third;
    assert.deepEqual(sink.written, [1, 2, 3]);
  });

  it('ends with the call, whose connection may never take what waits', async () => {
    const [sink, call] = [new Sink(), new AbortController()];
    await writeTo(sink, 1, call.signal);
    const second = writeTo(sink, 2, call.signal);
    call.abort();
    await second;
    await writeTo(sink, 3, call.signal);
    assert.deepEqual(sink.written, [1, 2]);
  });
});

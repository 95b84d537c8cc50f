import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameReader, frameHeader } from './frames.ts';

const messages = ['', 'a', 'hello', 'x'.repeat(70_000)].map((text) => Buffer.from(text));
const stream = Buffer.concat(messages.flatMap((message) => [frameHeader(message.length), message]));

describe('frames', () => {
  for (const size of [1, 2, 5, 7, 4096, 1_000_000]) {
    it(`are found in chunks of ${size}`, () => {
      const reader = new FrameReader(100_000);
      const found: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size) found.push(...reader.push(stream.subarray(at, at + size)));
      assert.deepEqual(found, messages);
      assert.equal(reader.inMessage, false);
    });
  }

  it('that have begun are known', () => {
    const reader = new FrameReader(100);
    assert.deepEqual([...reader.push(Buffer.from([0, 0, 0]))], []);
    assert.equal(reader.inMessage, true);
  });

  it('that are too long or compressed are refused', () => {
    assert.throws(() => [...new FrameReader(10).push(Buffer.from([0, 0, 0, 0, 11]))], RangeError);
    assert.throws(() => [...new FrameReader(10).push(Buffer.from([1, 0, 0, 0, 1, 0]))], RangeError);
  });
});

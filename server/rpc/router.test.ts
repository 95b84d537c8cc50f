import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Fault } from '../base/fault.ts';
import { type Call, messagesOf } from './router.ts';

const call = () => ({ admitMessage() {} }) as unknown as Call; // all that is used
const open = () =>
  new PassThrough({ objectMode: true }) as unknown as ServerDuplexStream<{ n: number; start?: object }, unknown>;

describe('the messages of a stream', () => {
  it('come in order, and end', async () => {
    const stream = open();
    stream.write({ n: 1, start: {} });
    stream.write({ n: 2 });
    stream.end();
    assert.deepEqual(await Array.fromAsync(messagesOf(call(), stream)), [{ n: 1, start: {} }, { n: 2 }]);
  });

  it('are canceled, and no defect, when the client goes away', async () => {
    const stream = open();
    const messages = messagesOf(call(), stream);
    stream.write({ n: 1, start: {} });
    await messages.next();
    stream.destroy();
    await assert.rejects(messages.next(), { code: 'canceled' });
  });

  it('begin with what the stream is about, which its caller must be allowed', async () => {
    const stream = open();
    stream.write({ n: 1 });
    await assert.rejects(messagesOf(call(), stream).next(), { code: 'invalid' });
    const refused = open();
    refused.write({ n: 1, start: {} });
    const admitMessage = () => {
      throw new Fault('forbidden', 'You may not');
    };
    await assert.rejects(messagesOf({ ...call(), admitMessage }, refused).next(), { code: 'forbidden' });
  });
});

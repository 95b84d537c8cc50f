import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { type Call, messagesOf } from './router.ts';

const call = { identity: { name: 'root', projects: undefined } } as unknown as Call; // all that is read
const open = () => new PassThrough({ objectMode: true }) as unknown as ServerDuplexStream<{ n: number }, unknown>;

describe('the messages of a stream', () => {
  it('come in order, and end', async () => {
    const stream = open();
    stream.write({ n: 1 });
    stream.write({ n: 2 });
    stream.end();
    assert.deepEqual(await Array.fromAsync(messagesOf(call, stream)), [{ n: 1 }, { n: 2 }]);
  });

  it('are canceled, and no defect, when the client goes away', async () => {
    const stream = open();
    const messages = messagesOf(call, stream);
    stream.write({ n: 1 });
    await messages.next();
    stream.destroy();
    await assert.rejects(messages.next(), { code: 'canceled' });
  });
});

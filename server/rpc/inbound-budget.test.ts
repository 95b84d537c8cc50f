import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { eventually } from '../../test/e2e/harness/eventually.ts';
import { inboundBudget, messageTaken } from './inbound-budget.ts';

const kilobyte = 1024;
const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };
const codecs = {
  ...{ requestSerialize: bytes.serialize, requestDeserialize: bytes.deserialize },
  ...{ responseSerialize: bytes.serialize, responseDeserialize: bytes.deserialize },
};
const definition: ServiceDefinition = {
  Ask: { path: '/t.Service/Ask', requestStream: false, responseStream: false, ...codecs },
  Stall: { path: '/t.Service/Stall', requestStream: true, responseStream: true, ...codecs },
  Take: { path: '/t.Service/Take', requestStream: true, responseStream: true, ...codecs },
  Hold: { path: '/t.Service/Hold', requestStream: true, responseStream: true, ...codecs },
};

interface AnyCall {
  on(event: 'data', listener: (content: Buffer) => void): void;
  on(event: 'end', listener: () => void): void;
  pause(): void;
  end(): void;
}

/**
 * A server with a budget of 100 KiB for its one client. `held` are messages that a handler of Hold has in hand, `lengths` those
 * of what Take was given.
 */
async function listening() {
  const refused: string[] = [];
  const held: (() => void)[] = [];
  const lengths: number[] = [];
  const server = new Server({
    interceptors: [
      inboundBudget({
        ...{ maxBytes: 100 * kilobyte, maxMessageBytes: 30 * kilobyte },
        ...{ ownerOf: () => 'one', refused: (peer) => refused.push(peer) },
      }),
    ],
  });
  server.addService(definition, {
    Ask: (_call: unknown, done: (error: null, answer: Buffer) => void) => done(null, Buffer.from('seen')),
    Stall: (call: AnyCall) => call.on('data', () => call.pause()),
    Hold: (call: AnyCall) => call.on('data', () => held.push(() => messageTaken(call))),
    Take: (call: AnyCall) => {
      call.on('data', (content: Buffer) => {
        lengths.push(content.length);
        messageTaken(call);
      });
      call.on('end', () => call.end());
    },
  });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = createServer((socket) => injector.injectConnection(socket));
  await new Promise<void>((resolve) => void sockets.listen(0, '127.0.0.1', resolve));
  const { port } = sockets.address() as { port: number }; // of TCP
  const sessions: ClientHttp2Session[] = [];
  const dial = () => {
    const session = connect(`http://127.0.0.1:${port}`);
    sessions.push(session);
    return session;
  };
  const close = async () => {
    for (const session of sessions) session.destroy();
    server.forceShutdown();
    await new Promise((resolve) => sockets.close(resolve));
  };
  return { refused, held, lengths, dial, [Symbol.asyncDispose]: close };
}

function begin(session: ClientHttp2Session, name: string, headers = {}): ClientHttp2Stream {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': `/t.Service/${name}`, te: 'trailers', 'content-type': 'application/grpc' },
    ...headers,
  });
  stream.on('error', () => {}); // a test asks for its code
  stream.resume();
  return stream;
}

function message(length: number, sent = length): Buffer {
  const frame = Buffer.alloc(5 + sent);
  frame.writeUInt32BE(length, 1);
  return frame;
}

const gzip = { 'grpc-encoding': 'gzip' };

function compressed(length: number): Buffer {
  const content = gzipSync(Buffer.alloc(length));
  const frame = message(content.length);
  frame[0] = 1;
  content.copy(frame, 5);
  return frame;
}

const wasRefused = (stream: ClientHttp2Stream) => stream.rstCode === constants.NGHTTP2_ENHANCE_YOUR_CALM;

describe('the budget of requests', () => {
  it('ends the call that goes beyond it with half a message, over all connections of a client', async () => {
    await using at = await listening();
    const [one, other] = [begin(at.dial(), 'Ask'), begin(at.dial(), 'Ask')];
    one.write(message(90 * kilobyte, 60 * kilobyte));
    other.write(message(90 * kilobyte, 60 * kilobyte));
    await eventually(() => assert.equal([one, other].filter(wasRefused).length, 1));
    assert.equal(at.refused.length, 1);
    const [left = one] = [one, other].filter((stream) => !wasRefused(stream));
    left.end(Buffer.alloc(30 * kilobyte));
    await once(left, 'end');
    assert.equal(left.rstCode, constants.NGHTTP2_NO_ERROR);
  });

  it('ends a stream with many small messages that nobody takes', async () => {
    await using at = await listening();
    const session = at.dial();
    const streams = Array.from({ length: 5 }, () => begin(session, 'Stall'));
    for (const stream of streams) for (let count = 0; count < 10; count += 1) stream.write(message(4 * kilobyte));
    await eventually(() => assert.ok(streams.some(wasRefused)));
  });

  it('counts compressed messages as what they become', async () => {
    await using at = await listening();
    const session = at.dial();
    const streams = Array.from({ length: 5 }, () => begin(session, 'Stall', gzip));
    for (const stream of streams) stream.write(compressed(25 * kilobyte));
    await eventually(() => assert.ok(streams.some(wasRefused)));
    assert.ok(!streams.every(wasRefused));
  });

  it('counts a small compressed message as small', async () => {
    await using at = await listening();
    const session = at.dial();
    const streams = Array.from({ length: 20 }, () => begin(session, 'Hold', gzip));
    for (const stream of streams) {
      const before = at.held.length;
      stream.write(compressed(kilobyte));
      await eventually(() => assert.equal(at.held.length, before + 1));
    }
    assert.deepEqual(at.refused, []);
  });

  it('lets compressed messages come at once, of which each becomes large when those before it are taken', async () => {
    await using at = await listening();
    const stream = begin(at.dial(), 'Take', gzip);
    const messages = Array.from({ length: 50 }, (_, index) =>
      index % 3 === 0 ? message(100) : compressed(30 * kilobyte),
    );
    stream.end(Buffer.concat(messages));
    await once(stream, 'end');
    assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
    assert.deepEqual(at.refused, []);
    assert.deepEqual(
      at.lengths,
      messages.map((_, index) => (index % 3 === 0 ? 100 : 30 * kilobyte)),
    );
    const rest = begin(at.dial(), 'Ask');
    rest.end(message(90 * kilobyte));
    await once(rest, 'end');
    assert.equal(rest.rstCode, constants.NGHTTP2_NO_ERROR);
  });

  it('gets back once what a call held when it is cut off in the middle of its work', async () => {
    await using at = await listening();
    const session = at.dial();
    const cut = begin(session, 'Hold');
    cut.write(message(60 * kilobyte));
    await eventually(() => assert.equal(at.held.length, 1));
    cut.close(constants.NGHTTP2_CANCEL);
    await once(cut, 'close');
    const whole = begin(session, 'Take'); // when it has ended, so has the other for the server
    whole.end(message(90 * kilobyte));
    await once(whole, 'end');
    for (const taken of at.held) taken();
    const [one, other] = [begin(session, 'Ask'), begin(session, 'Ask')];
    for (const stream of [one, other]) stream.write(message(90 * kilobyte, 60 * kilobyte));
    await eventually(() => assert.equal([one, other].filter(wasRefused).length, 1));
  });

  it('lets as much through as is taken, and is whole again when calls are over', async () => {
    await using at = await listening();
    const session = at.dial();
    for (let round = 0; round < 4; round += 1) {
      const half = begin(session, 'Ask');
      half.write(message(90 * kilobyte, 60 * kilobyte));
      const stream = begin(session, 'Take');
      for (let count = 0; count < 100; count += 1) stream.write(message(10 * kilobyte + count));
      // A head in two pieces, and an empty message.
      stream.write(message(0).subarray(0, 3));
      stream.end(message(0).subarray(3));
      await once(stream, 'end');
      assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
      half.close();
      await once(half, 'close');
    }
    assert.deepEqual(at.refused, []);
  });
});

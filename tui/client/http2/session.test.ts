import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { eventually } from '../../testing/eventually.ts';
import { controlFrame, frameFlags, frameTypes, numberFrame, preface, settingsFrame } from './frame.ts';
import { encodeHeaders, type Headers } from './header-block.ts';
import { Http2Session } from './session.ts';
import type { Http2Stream } from './stream.ts';

const directory = mkdtempSync(join(tmpdir(), 'yurt-http2-'));
after(() => rmSync(directory, { recursive: true }));
const windows = { streamWindowBytes: 256 * 1024, sessionWindowBytes: 1024 * 1024 };
const request: Headers = { ':method': 'POST', ':scheme': 'http', ':authority': 'localhost', ':path': '/' };
let servers = 0;

interface World extends AsyncDisposable {
  readonly session: Http2Session;
  readonly server: { close(done: () => void): unknown };
}

async function connected(server: Http2Server | ReturnType<typeof createServer>): Promise<World> {
  const path = join(directory, `${servers++}`);
  await new Promise<void>((resolve) => void server.listen(path, resolve));
  const session = new Http2Session(connect(path), { readyEvent: 'connect', ...windows });
  const close = async () => {
    session.destroy();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  };
  return { session, server, [Symbol.asyncDispose]: close };
}

/** Node's own server, which shares no code with what is tested. */
async function answering(answer: (stream: ServerHttp2Stream) => void, settings = {}): Promise<World> {
  const server = createHttp2Server({ settings });
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {});
    answer(stream);
  });
  return await connected(server);
}

/** A server that says these bytes after its settings, whatever it is asked. */
async function saying(...frames: Buffer[]): Promise<World & { readonly socket: Promise<Socket> }> {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(Buffer.concat([settingsFrame([]), ...frames])));
    accepted.resolve(socket);
  });
  return Object.assign(await connected(server), { socket: accepted.promise });
}

async function textOf(stream: Http2Stream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream.chunks()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('an HTTP/2 session with a server', () => {
  it('carries headers of every character, data and trailers', async () => {
    const visible = Array.from({ length: 94 }, (_, index) => String.fromCharCode(index + 33)).join('');
    const values = [visible, ...[...visible].map((one) => `${one.repeat(3)}${'a'.repeat(40)}`)];
    await using world = await answering((stream) => {
      const headers = Object.fromEntries(values.map((value, index) => [`x-${index}`, value]));
      stream.respond({ ':status': 200, ...headers }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.pipe(stream);
    });
    const stream = world.session.request(request);
    stream.send(Buffer.from('one '));
    stream.send(Buffer.from('two'));
    stream.end();
    assert.equal(await textOf(stream), 'one two');
    const [first, last] = stream.answers;
    assert.deepEqual(
      values.map((_, index) => first?.[`x-${index}`]),
      values,
    );
    assert.equal(last?.['grpc-status'], '0');
  });

  it('sends and reads more than any window, on many streams at once', async () => {
    await using world = await answering((stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    const sizes = [1, 16_384, 100_000, 3_000_000, 5_000_000];
    const echoed = sizes.map(async (size, index) => {
      const stream = world.session.request(request);
      const reading = textOf(stream);
      const text = String(index).repeat(size);
      for (let sent = 0; sent < size; sent += 50_000) {
        if (!stream.send(Buffer.from(text.slice(sent, sent + 50_000)))) await stream.drained();
      }
      stream.end();
      assert.ok((await reading) === text, `the ${size} bytes came back`);
    });
    await Promise.all(echoed);
  });

  it('waits while the server has no room for one more stream', async () => {
    let open = 0;
    let most = 0;
    await using world = await answering(
      (stream) => {
        open += 1;
        most = Math.max(most, open);
        stream.on('close', () => (open -= 1));
        stream.respond({ ':status': 200 });
        setImmediate(() => stream.end('done'));
      },
      { maxConcurrentStreams: 3 },
    );
    const first = world.session.request(request);
    first.end();
    await textOf(first);
    const streams = Array.from({ length: 20 }, () => world.session.request(request));
    for (const stream of streams) stream.end();
    assert.deepEqual(
      await Promise.all(streams.map(textOf)),
      streams.map(() => 'done'),
    );
    assert.ok(most <= 3, `${most} streams at once`);
  });

  it('tells the server that nobody wants the answer', async () => {
    const codes: number[] = [];
    await using world = await answering((stream) => {
      stream.on('close', () => codes.push(stream.rstCode));
      stream.respond({ ':status': 200 });
      stream.write('never ends');
    });
    const stream = world.session.request(request);
    for await (const _ of stream.chunks()) stream.cancel();
    await eventually(() => codes.length === 1);
    assert.deepEqual(codes, [8]);
  });

  it('asks whether the server is still there', async () => {
    await using world = await answering(() => {});
    await eventually(() => world.session.isReady);
    await new Promise<void>((resolve) => world.session.ping(resolve));
  });

  it('ends what a leaving server has not seen, and finishes the rest', async () => {
    await using world = await answering((stream) => {
      stream.session?.goaway(0, stream.id ?? 0);
      stream.respond({ ':status': 200 });
      stream.end('whole');
    });
    const stream = world.session.request(request);
    stream.end();
    assert.equal(await textOf(stream), 'whole');
    await eventually(() => world.session.isEnded);
    assert.notEqual(world.session.request(request).closed, undefined);
  });
});

const head = (type: number, flags = 0, streamId = 1) => ({ type, flags, streamId });
const response = controlFrame(head(frameTypes.headers, frameFlags.endHeaders), encodeHeaders({ ':status': '200' }));
const data = controlFrame(head(frameTypes.data), Buffer.alloc(16_384));

describe('an HTTP/2 session with a server that means harm', () => {
  for (const [what, frames] of [
    ['a frame longer than allowed', [controlFrame(head(frameTypes.data), Buffer.alloc(16_385))]],
    ['a push', [controlFrame(head(frameTypes.pushPromise), Buffer.alloc(8))]],
    ['more data than allowed', [response, ...Array.from({ length: 17 }, () => data)]],
    ['padding longer than the frame', [controlFrame(head(frameTypes.data, frameFlags.padded), Buffer.of(9, 1))]],
    ['a frame between headers', [controlFrame(head(frameTypes.headers), encodeHeaders({ a: 'b' })), data]],
    ['the rest of headers that never began', [controlFrame(head(frameTypes.continuation), Buffer.alloc(1))]],
    [
      'headers without an end',
      [
        controlFrame(head(frameTypes.headers), Buffer.alloc(0)),
        ...Array.from({ length: 70_000 }, () => controlFrame(head(frameTypes.continuation), Buffer.alloc(0))),
      ],
    ],
    ['broken headers', [controlFrame(head(frameTypes.headers, frameFlags.endHeaders), Buffer.of(0x80))]],
    ['settings of a wrong length', [controlFrame(head(frameTypes.settings, 0, 0), Buffer.alloc(5))]],
    ['a window that is too large', [numberFrame(frameTypes.windowUpdate, 0, 2 ** 31 - 1)]],
    ['a window of nothing', [numberFrame(frameTypes.windowUpdate, 1, 0)]],
    ['a reset without a code', [controlFrame(head(frameTypes.rstStream), Buffer.alloc(3))]],
  ] as const) {
    it(`ends at ${what}`, async () => {
      await using world = await saying(...frames);
      const stream = world.session.request(request);
      await eventually(() => stream.closed !== undefined);
      assert.ok(world.session.isEnded);
      assert.ok(world.session.failure instanceof RangeError, String(world.session.failure));
    });
  }

  it('reads around padding and frames that it does not know', async () => {
    const padded = controlFrame(head(frameTypes.data, frameFlags.padded), Buffer.from('\x03abc\0\0\0'));
    const last = controlFrame(head(frameTypes.data, frameFlags.endStream), Buffer.from('def'));
    await using world = await saying(response, controlFrame(head(77), Buffer.alloc(5)), padded, last);
    assert.equal(await textOf(world.session.request(request)), 'abcdef');
  });

  it('does not keep answers for a server that asks and never reads', async () => {
    const ping = controlFrame(head(frameTypes.ping, 0, 0), Buffer.alloc(8));
    await using world = await saying();
    world.session.request(request);
    const socket = await world.socket;
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    const many = Buffer.concat(Array.from({ length: 10_000 }, () => ping));
    while (!world.session.isEnded) {
      if (!socket.write(many))
        await Promise.race([
          new Promise((resolve) => socket.once('drain', resolve)),
          eventually(() => world.session.isEnded),
        ]);
    }
    assert.match(world.session.failure?.message ?? '', /does not read/);
    socket.destroy();
  });

  it('says nothing before the other side is who it must be', async () => {
    const read: Buffer[] = [];
    const server = createServer((socket) => socket.on('data', (chunk: Buffer) => read.push(chunk)));
    const path = join(directory, 'unsure');
    await new Promise<void>((resolve) => void server.listen(path, resolve));
    const socket = connect(path);
    const session = new Http2Session(socket, { readyEvent: 'secureConnect', ...windows });
    const stream = session.request(request);
    stream.send(Buffer.from('a secret'));
    await eventually(() => !socket.connecting);
    assert.equal(socket.bytesWritten, 0);
    socket.emit('secureConnect');
    await eventually(() => read.length > 0);
    assert.ok(Buffer.concat(read).subarray(0, preface.length).equals(preface));
    session.destroy();
    server.close();
  });
});

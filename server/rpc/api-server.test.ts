import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ServerWritableStream, ServiceDefinition } from '@grpc/grpc-js';
import { loadApi } from '../../proto/api.ts';
import { eventually } from '../../test/e2e/harness/eventually.ts';
import { type ApiLimits, ApiServer, localLimits, remoteLimits } from './api-server.ts';

const kilobyte = 1024;
const small: ApiLimits = {
  ...localLimits,
  maxMessageBytes: 10 * kilobyte,
  maxConcurrentStreams: 3,
  maxSessionMemoryMb: 1,
};
const resourceExhausted = '8';

/** A server on a socket of its own with one method, whose calls stay open. */
class Listening implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'yurt-api-test-'));
  readonly #path = join(this.#directory, 'socket');
  readonly #sockets: Server;
  readonly #api: ApiServer;
  readonly accepted: Socket[] = [];
  readonly calls: ServerWritableStream<unknown, unknown>[] = [];

  constructor(limits: ApiLimits) {
    const definition = loadApi()['yurt.v1.EventService'] as ServiceDefinition; // a service of the API
    const WatchEvents = (call: ServerWritableStream<unknown, unknown>) => {
      this.calls.push(call);
      call.write({ event: { begun: {} } });
    };
    this.#api = new ApiServer({ files: [], services: [{ definition, implementation: { WatchEvents } }], limits });
    this.#sockets = createServer((socket) => {
      this.accepted.push(socket);
      this.#api.serve(socket);
    });
  }

  static async open(limits: ApiLimits): Promise<Listening> {
    const listening = new Listening(limits);
    await new Promise<void>((resolve) => listening.#sockets.listen(listening.#path, resolve));
    return listening;
  }

  dial(): Socket {
    return connect(this.#path);
  }

  async session(): Promise<ClientHttp2Session> {
    const session = connectHttp2('http://localhost', { createConnection: () => this.dial() });
    session.on('error', () => {});
    await once(session, 'remoteSettings');
    return session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.accepted) socket.destroy();
    this.#sockets.close();
    await this.#api.close(1);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function watch(session: ClientHttp2Session, message = Buffer.alloc(0), headers = {}): ClientHttp2Stream {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': '/yurt.v1.EventService/WatchEvents', te: 'trailers' },
    ...{ 'content-type': 'application/grpc', ...headers },
  });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  stream.on('error', () => {});
  stream.end(Buffer.concat([head, message]));
  return stream;
}

/** The gRPC status, or the HTTP/2 error, that a call ends with. */
async function endOf(stream: ClientHttp2Stream): Promise<string> {
  return await new Promise((resolve) => {
    const tell = (headers: Record<string, unknown>) => {
      if (headers['grpc-status'] !== undefined) resolve(String(headers['grpc-status']));
    };
    stream.on('response', tell).on('trailers', tell);
    stream.on('close', () => resolve(`HTTP/2 ${stream.rstCode}`));
    stream.resume();
  });
}

async function begun(stream: ClientHttp2Stream): Promise<void> {
  await once(stream, 'data');
}

/** Everything that was sent before has been seen by the server. */
async function answered(session: ClientHttp2Session): Promise<void> {
  await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
}

describe('the limits of a connection', () => {
  it('hold for the size of a message', async () => {
    await using listening = await Listening.open(small);
    const session = await listening.session();
    const large = watch(session, Buffer.alloc(small.maxMessageBytes + 1));
    assert.equal(await endOf(large), resourceExhausted);
    await begun(watch(session));
    session.destroy();
  });

  it('hold for the number of calls at once', async () => {
    await using listening = await Listening.open(small);
    const session = await listening.session();
    assert.equal(session.remoteSettings.maxConcurrentStreams, small.maxConcurrentStreams);
    const streams = Array.from({ length: small.maxConcurrentStreams }, () => watch(session));
    await Promise.all(streams.map(begun));
    watch(session);
    await answered(session);
    assert.equal(listening.calls.length, small.maxConcurrentStreams);
    const [first] = streams;
    first?.close(constants.NGHTTP2_CANCEL);
    await eventually(async () => await begun(watch(session)));
    session.destroy();
  });

  it('hold for what it takes of memory', async () => {
    await using listening = await Listening.open({ ...small, maxConcurrentStreams: 100_000 });
    const session = await listening.session();
    const padding = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`x-${index}`, 'x'.repeat(8000)]));
    const ends: string[] = [];
    for (let count = 0; count < 2_000 && !session.destroyed && ends.length === 0; count += 1) {
      const stream = watch(session, Buffer.alloc(0), padding);
      stream.once('close', () => ends.push(`HTTP/2 ${stream.rstCode}`));
      if (count % 50 === 49) await answered(session).catch(() => {});
    }
    assert.ok(session.destroyed || ends.includes(`HTTP/2 ${constants.NGHTTP2_ENHANCE_YOUR_CALM}`), `${ends}`);
    assert.ok(listening.calls.length > 0 && listening.calls.length < 2_000, `${listening.calls.length} calls`);
    // Others are not touched by it.
    const other = await listening.session();
    await begun(watch(other));
    other.destroy();
    session.destroy();
  });

  it('end one whose peer does not answer, and none of this host', async () => {
    /** Speaks HTTP/2 once, then never again, as a process that is stopped. */
    const silent = (listening: Listening) => {
      const socket = listening.dial();
      socket.on('error', () => {});
      socket.resume();
      socket.write(
        Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]),
      );
      return socket;
    };
    await using remote = await Listening.open({ ...remoteLimits, keepalive: { intervalMs: 50, timeoutMs: 50 } });
    await using local = await Listening.open(localLimits);
    const stays = silent(local);
    await once(silent(remote), 'close');
    assert.equal(stays.destroyed, false);
    assert.equal(localLimits.keepalive, undefined);
    stays.destroy();
  });
});

import assert from 'node:assert/strict';
import { createServer } from 'node:http2';
import { connect, createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../testing/eventually.ts';
import { Refusal, ScriptedServer } from '../testing/scripted-server.ts';
import { Connection } from './connection.ts';
import { Failure } from './failure.ts';
import { socketDialer, socketPath, whyUnreachable } from './socket.ts';

/** A connection that is closed when the test ends. */
function open(path: string): Connection & Disposable {
  const connection = new Connection(socketDialer(path));
  return Object.assign(connection, { [Symbol.dispose]: () => connection.close() });
}

/** Something that speaks HTTP/2 but is no gRPC server. */
async function listening<Listener extends { listen(path: string, done: () => void): unknown }>(
  server: Listener,
  path: string,
): Promise<Listener> {
  await new Promise<void>((resolve) => void server.listen(path, resolve));
  return server;
}

describe('a connection to a gRPC server', () => {
  it('carries a large answer', async () => {
    await using server = await ScriptedServer.start();
    const many = Array.from({ length: 30_000 }, (_, index) => ({
      name: `i${index}`,
      config: { 'user.text': 'x'.repeat(200) },
    }));
    server.on('InstanceService', 'ListInstances', () => ({ instances: many }));
    using connection = open(server.socket);
    const { instances } = await connection.call('InstanceService', 'ListInstances', {});
    assert.deepEqual([instances.length, instances.at(-1)?.name], [30_000, 'i29999']);
  });

  it('carries many calls at once', async () => {
    await using server = await ScriptedServer.start();
    server.on('InstanceService', 'GetInstance', ({ name }) => ({ instance: { name } }));
    using connection = open(server.socket);
    const names = Array.from({ length: 200 }, (_, index) => `i${index}`);
    const answers = await Promise.all(names.map((name) => connection.call('InstanceService', 'GetInstance', { name })));
    assert.deepEqual(
      answers.map(({ instance }) => instance?.name),
      names,
    );
  });

  for (const [code, message, status] of [
    [5, 'Instance "Zürich 100%" does not exist', 'not-found'],
    [14, 'The pool does not answer', 'unavailable'],
    [1, 'It was canceled', 'canceled'],
    [9, 'two\nlines', 'other'],
    [12, '', 'unimplemented'],
  ] as const) {
    it(`tells the server's status ${code} with its message`, async () => {
      await using server = await ScriptedServer.start();
      server.on('InstanceService', 'GetInstance', () => {
        throw new Refusal(code, message);
      });
      using connection = open(server.socket);
      await assert.rejects(connection.call('InstanceService', 'GetInstance', {}), (error) => {
        assert.ok(error instanceof Failure);
        assert.deepEqual([error.message, error.status], [message, status]);
        return true;
      });
    });
  }

  it('hands out messages of a stream one by one, and its failure at the end', async () => {
    await using server = await ScriptedServer.start();
    server.onStream('EventService', 'WatchEvents', (call) => {
      for (const cursor of ['a', 'b']) call.write({ event: { cursor } });
      call.emit('error', { code: 11, details: 'The cursor is too old' });
    });
    using connection = open(server.socket);
    const seen: string[] = [];
    await assert.rejects(
      async () => {
        for await (const { event } of connection.watch('EventService', 'WatchEvents', {}))
          seen.push(event?.cursor ?? '');
      },
      { message: 'The cursor is too old' },
    );
    assert.deepEqual(seen, ['a', 'b']);
  });

  it('reads a stream no faster than it is asked to', async () => {
    await using server = await ScriptedServer.start();
    let sent = 0;
    let full = false;
    server.onStream('ConsoleService', 'GetConsoleLog', async (call) => {
      const output = Buffer.alloc(64 * 1024);
      for (; sent < 64 * 1024 * 1024; sent += output.length) {
        if (call.write({ output })) continue;
        full = true;
        await new Promise((resolve) => call.once('drain', resolve));
        full = false;
      }
      call.end();
    });
    using connection = open(server.socket);
    const log = connection.watch('ConsoleService', 'GetConsoleLog', {});
    await log.next();
    await eventually(() => full, 'the server to wait');
    assert.ok(sent < 16 * 1024 * 1024, `${sent} bytes were sent to somebody who read one message`);
    let read = 64 * 1024;
    for await (const { output } of log) read += output.length;
    assert.equal(read, 64 * 1024 * 1024);
  });

  it('sends no faster than the server reads, and waits no longer than there is a server', async () => {
    await using server = await ScriptedServer.start();
    let over: (() => void) | undefined;
    server.onDuplex('FileService', 'PushFiles', (call) => {
      call.pause();
      over = () => void call.emit('error', { code: 11, details: 'Enough' });
    });
    using connection = open(server.socket);
    const call = connection.duplex('FileService', 'PushFiles');
    const records = Buffer.alloc(64 * 1024);
    let sent = 0;
    let waiting = false;
    const sending = (async () => {
      for (; sent < 64 * 1024 * 1024; sent += records.length) {
        if (call.send({ records })) continue;
        waiting = true;
        await call.drained();
        return;
      }
    })();
    await eventually(() => waiting && over !== undefined, 'the client to wait');
    assert.ok(sent < 8 * 1024 * 1024, `${sent} bytes were sent to somebody who read nothing`);
    over?.();
    await assert.rejects(Array.fromAsync(call.messages), { message: 'Enough' });
    call.cancel();
    await sending;
  });

  it('cancels a call on the server, by a signal and by leaving the loop', async () => {
    await using server = await ScriptedServer.start();
    let canceled = 0;
    server.onStream('EventService', 'WatchEvents', (call) => {
      call.on('cancelled', () => {
        canceled += 1;
      });
      call.write({ event: { cursor: 'a' } });
    });
    using connection = open(server.socket);
    for await (const _ of connection.watch('EventService', 'WatchEvents', {})) break;
    await eventually(() => canceled === 1);
    const stop = new AbortController();
    await assert.rejects(
      async () => {
        for await (const _ of connection.watch('EventService', 'WatchEvents', {}, { signal: stop.signal }))
          stop.abort();
      },
      (error) => Failure.is(error, 'canceled'),
    );
    await eventually(() => canceled === 2);
    await assert.rejects(connection.call('ServerService', 'GetServer', {}, { signal: AbortSignal.abort() }), Failure);
  });

  it('waits no longer than it may', async () => {
    await using server = await ScriptedServer.start();
    server.on('ServerService', 'GetServer', () => new Promise(() => {}));
    using connection = open(server.socket);
    const call = connection.call('ServerService', 'GetServer', {}, { timeoutMs: 20 });
    await assert.rejects(
      call,
      (error) => Failure.is(error, 'timed-out') && /did not answer in time/.test(String(error)),
    );
  });
});

describe('a connection that is no good', () => {
  it('fails every call with what to do', async () => {
    using connection = open('/nonexistent/socket');
    const failure = {
      message: /^Cannot reach yurtd at \/nonexistent\/socket: it is not running\. Start it with/,
      status: 'unavailable',
    };
    await assert.rejects(connection.call('ServerService', 'GetServer', {}), failure);
    await assert.rejects(connection.call('ServerService', 'GetServer', {}), { status: 'unavailable' });
  });

  it('fails when the server dies', async () => {
    const server = await ScriptedServer.start();
    const asked = Promise.withResolvers<void>();
    server.on('ServerService', 'GetServer', () => {
      asked.resolve();
      return new Promise(() => {});
    });
    using connection = open(server.socket);
    const answer = connection.call('ServerService', 'GetServer', {});
    await asked.promise;
    await server[Symbol.asyncDispose]();
    await assert.rejects(answer, { status: 'unavailable' });
  });

  it('fails when what answers is no gRPC server', async () => {
    await using scratch = await ScriptedServer.start();
    const path = join(scratch.directory, 'web');
    const server = await listening(
      createServer((_, response) => response.writeHead(404).end('no')),
      path,
    );
    using connection = open(path);
    await assert.rejects(connection.call('ServerService', 'GetServer', {}), {
      message: 'The server answered with HTTP status 404',
    });
    server.close();
  });

  it('fails when what answers does not even speak HTTP/2', async () => {
    await using scratch = await ScriptedServer.start();
    const path = join(scratch.directory, 'other');
    const server = await listening(
      createSocketServer((socket) => socket.on('error', () => {}).end('220 smtp ready\r\n')),
      path,
    );
    using connection = open(path);
    await assert.rejects(connection.call('ServerService', 'GetServer', {}), {
      message: 'The server closed the connection',
    });
    server.close();
  });
});

describe('the socket of the server', () => {
  it('is found by the environment', () => {
    assert.equal(socketPath({}), '/run/yurt/unix.socket');
    assert.equal(socketPath({ YURT_DIR: '/d' }), '/d/unix.socket');
    assert.equal(socketPath({ YURT_DIR: '/d', YURT_SOCKET: '/s' }), '/s');
    assert.equal(socketPath({ YURT_DIR: '', YURT_SOCKET: '' }), '/run/yurt/unix.socket');
  });

  it('is diagnosed when nobody answers', async () => {
    await using server = await ScriptedServer.start();
    assert.equal(await whyUnreachable(server.socket), undefined);
    assert.match((await whyUnreachable(`${server.directory}/none`)) ?? '', /it is not running/);
    assert.match((await whyUnreachable(`${server.socket}/x`)) ?? '', /this is not a socket/);
    const stale = await listening(createSocketServer(), join(server.directory, 'stale'));
    connect(join(server.directory, 'stale')).destroy();
    stale.close();
    assert.match((await whyUnreachable(join(server.directory, 'stale'))) ?? '', /it is not running/);
  });
});

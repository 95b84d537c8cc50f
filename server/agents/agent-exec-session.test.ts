import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { listenUnixSocket } from '../../native/unix-socket.ts';
import {
  encodeFrame,
  encodeWindow,
  idleCloseCode,
  maxDataBytes,
  protocolErrorCode,
  protocolPath,
} from '../../proto/agent/frame.ts';
import { encodeMessage } from '../../proto/agent/messages.ts';
import { AgentConnection } from './agent-connection.ts';
import { AgentExecSession } from './agent-exec-session.ts';
import type { ExecFrame } from './exec-session.ts';

const command = { argv: ['tool'], environment: {}, user: 0, group: 0, cwd: '/there' };
const started = encodeMessage('started', { pid: 7 });
const timeoutMs = 5_000;

/** An agent that does what the test says, behind a real socket. */
class FakeAgent implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'yurt-agent-test-'));
  readonly #http = createServer();
  readonly #sockets = new WebSocketServer({ server: this.#http, path: protocolPath });
  readonly path = join(this.#directory, 'socket');
  readonly received: Buffer[] = [];
  readonly #closed = Promise.withResolvers<void>();
  pongs = 0;

  static async open(answer: (socket: WebSocket) => void): Promise<FakeAgent> {
    const agent = new FakeAgent();
    agent.#sockets.on('connection', (socket) => {
      socket.on('message', (message: Buffer) => {
        agent.received.push(message);
        if (agent.received.length === 1) answer(socket);
      });
      socket.on('pong', () => (agent.pongs += 1));
      socket.on('error', () => {});
      socket.on('close', () => agent.#closed.resolve());
    });
    await new Promise<void>((resolve) => agent.#http.listen(agent.path, resolve));
    return agent;
  }

  misbehave(how: (socket: WebSocket) => void): void {
    for (const socket of this.#sockets.clients) how(socket);
  }

  async session(onClosed = () => {}): Promise<AgentExecSession> {
    const connection = await AgentConnection.open(this.path, timeoutMs);
    return await AgentExecSession.start(connection, command, encodeMessage('start', command), onClosed);
  }

  /** The server has hung up. */
  async closed(): Promise<void> {
    await this.#closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    await new Promise((resolve) => this.#http.close(resolve));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function frames(session: AgentExecSession): Promise<ExecFrame[]> {
  return await Array.fromAsync(session.frames());
}

describe('a session with an agent', () => {
  it('that the agent is too old for says so', async () => {
    await using agent = await FakeAgent.open((socket) => socket.close(protocolErrorCode, 'No such channel: 23'));
    await assert.rejects(agent.session(), { code: 'unsupported', message: /older yurt: restart the instance/ });
  });

  it('fails as the agent says', async () => {
    await using agent = await FakeAgent.open((socket) => {
      socket.send(started);
      socket.send(encodeMessage('status', { code: 1, fault: { code: 'ENOENT', message: '/x: no such file' } }));
    });
    const session = await agent.session();
    await assert.rejects(frames(session), { code: 'not-found', message: '/x: no such file' });
  });

  it('runs from started to the exit', async () => {
    await using agent = await FakeAgent.open((socket) => {
      socket.send(started);
      socket.send(encodeWindow({ channel: 'stdin', bytes: 5 }));
    });
    const session = await agent.session();
    assert.equal(session.pid, 7);
    const iterator = session.frames()[Symbol.asyncIterator]();
    assert.deepEqual((await iterator.next()).value, { type: 'stdin-window', bytes: 5 });
    session.writeStdin(Buffer.from('four'));
    assert.throws(() => session.writeStdin(Buffer.from('more')), { code: 'invalid' });
    assert.throws(() => session.grant('stdout', 2 ** 30), { code: 'invalid' });
    session.close();
    session.close();
    await assert.rejects(iterator.next(), { code: 'canceled' });
    await agent.closed();
    assert.deepEqual(agent.received.at(-1), encodeFrame('stdin', Buffer.from('four')));
  });

  const hostile: Record<string, (socket: WebSocket) => void> = {
    'more output than was granted': (socket) => socket.send(encodeFrame('stdout', Buffer.alloc(101))),
    'output of a channel without a grant': (socket) => socket.send(encodeFrame('stderr', Buffer.alloc(1))),
    'an empty data frame': (socket) => socket.send(encodeFrame('stdout', Buffer.alloc(0))),
    'a frame that is too large': (socket) => socket.send(encodeFrame('stdout', Buffer.alloc(maxDataBytes + 1))),
    'a message without end': (socket) => {
      for (let part = 0; part < 1000; part++) socket.send(Buffer.alloc(1024), { fin: false, binary: true });
    },
    'a text message': (socket) => socket.send('{}'),
    'an empty message': (socket) => socket.send(Buffer.alloc(0)),
    'an unknown channel': (socket) => socket.send(Buffer.from([99, 1])),
    'a frame that only a server sends': (socket) => socket.send(encodeFrame('stdin', Buffer.from('x'))),
    'a second started': (socket) => socket.send(started),
    'a status that is none': (socket) => socket.send(encodeFrame('status', Buffer.from('{"code":"0"}'))),
    'a window for the wrong channel': (socket) => socket.send(encodeWindow({ channel: 'stdout', bytes: 1 })),
    'windows without end': (socket) => {
      for (let part = 0; part < 10; part++) socket.send(encodeWindow({ channel: 'stdin', bytes: 2 ** 21 }));
    },
    'nothing more': (socket) => socket.terminate(),
  };
  for (const [what, misbehave] of Object.entries(hostile)) {
    it(`ends with a fault after ${what}`, async () => {
      await using agent = await FakeAgent.open((socket) => socket.send(started));
      let closed = 0;
      const session = await agent.session(() => (closed += 1));
      session.grant('stdout', 100);
      agent.misbehave(misbehave);
      await assert.rejects(frames(session), { code: 'unavailable', message: /^The agent/ });
      await agent.closed();
      assert.equal(closed, 1);
    });
  }

  it('takes nothing after the status', async () => {
    await using agent = await FakeAgent.open((socket) => {
      socket.send(started);
      socket.send(encodeMessage('status', { code: 9 }));
      socket.send(encodeMessage('status', { code: 8 }));
    });
    assert.deepEqual(await frames(await agent.session()), [{ type: 'exit', code: 9, message: '' }]);
    await agent.closed();
  });

  it('explains in its own words why a command was not run', async () => {
    await using agent = await FakeAgent.open((socket) => {
      socket.send(started);
      socket.send(encodeMessage('status', { code: 127, failure: { reason: 'exec', errno: 2 } }));
    });
    assert.deepEqual(await frames(await agent.session()), [
      { type: 'exit', code: 127, message: 'Command not found: "tool"' },
    ]);
  });

  it('does not begin when the command cannot be started', async () => {
    await using agent = await FakeAgent.open((socket) =>
      socket.send(encodeMessage('failed', { reason: 'cwd', errno: 18 })),
    );
    await assert.rejects(agent.session(), {
      code: 'invalid',
      message: 'Cannot enter directory "/there": it is outside of the instance',
    });
  });

  it('tells an agent that left as idle from one that died', async () => {
    await using leaving = await FakeAgent.open((socket) => socket.close(idleCloseCode));
    await assert.rejects(leaving.session(), { name: 'AgentGone', reason: 'left' });
    await using dying = await FakeAgent.open((socket) => socket.terminate());
    await assert.rejects(dying.session(), { name: 'Fault', code: 'unavailable' });
    await assert.rejects(AgentConnection.open('/nowhere', timeoutMs), { name: 'AgentGone', reason: 'absent' });
  });

  it('answers no pings: the answers would pile up', async () => {
    await using agent = await FakeAgent.open((socket) => {
      for (let ping = 0; ping < 10; ping++) socket.ping();
      socket.send(started);
      socket.send(encodeMessage('status', { code: 0 }));
    });
    await frames(await agent.session());
    await agent.closed();
    assert.equal(agent.pongs, 0);
  });

  it('gives up on a listener that does not answer', async () => {
    await using agent = await FakeAgent.open(() => {});
    const silent = `${agent.path}-silent`;
    const fd = listenUnixSocket(silent, 1);
    await assert.rejects(AgentConnection.open(silent, 50), { name: 'AgentGone', reason: 'silent' });
    closeSync(fd);
    await assert.rejects(AgentConnection.open(silent, timeoutMs), { name: 'AgentGone', reason: 'absent' });
  });
});

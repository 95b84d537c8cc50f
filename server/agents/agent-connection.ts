import { connect } from 'node:net';
import { WebSocket } from 'ws';
import {
  decodeFrame,
  type Frame,
  idleCloseCode,
  maxFrameFromAgentBytes,
  protocolErrorCode,
  protocolPath,
  takenCloseCode,
} from '../../proto/agent/frame.ts';
import { Fault } from '../base/fault.ts';

/**
 * Nothing was run, and starting the agent helps. `absent`: nobody listens; `silent`: the listener does not answer; `left`:
 * as idle; `uprooted`: the cgroup for commands is gone, which the instance's root can remove and the next agent makes again.
 */
export type GoneReason = 'absent' | 'silent' | 'left' | 'uprooted';

/** Never leaves this folder. */
export class AgentGone extends Error {
  override readonly name = 'AgentGone';
  readonly reason: GoneReason;

  constructor(reason: GoneReason, cause?: Error) {
    super(cause === undefined ? reason : `${reason}: ${cause.message}`, { cause });
    this.reason = reason;
  }
}

export interface ConnectionEvents {
  /** Throwing ends the connection: the agent breaks the protocol. */
  frame(frame: Frame): void;
  /** The last event. `AgentGone` when the agent left as idle. */
  closed(reason: Fault | AgentGone): void;
}

/** One WebSocket to an agent. What comes out of it is hostile: nothing is answered by itself, everything is bounded. */
export class AgentConnection {
  readonly #socket: WebSocket;
  #events: ConnectionEvents | undefined;
  #failure: Fault | AgentGone | undefined;
  #hasAnswered = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (message, isBinary) => this.#onMessage(message, isBinary));
    socket.on('pong', () => (this.#hasAnswered = true));
    socket.on('error', (error) => this.#fail(new Fault('unavailable', 'The agent broke off', { cause: error })));
    socket.on('close', (code) => this.#fail(closedBy(code)));
  }

  /** Rejects with AgentGone when nobody listens or answers within `timeoutMs`. */
  static async open(path: string, timeoutMs: number): Promise<AgentConnection> {
    const socket = new WebSocket(`ws://agent${protocolPath}`, {
      createConnection: () => connect({ path }),
      perMessageDeflate: false,
      maxPayload: maxFrameFromAgentBytes,
      generateMask: (mask) => mask.fill(0), // masks are against proxies (RFC 6455, 10.3), and zeros cost neither end a pass
      autoPong: false, // pongs that nobody reads would pile up here
      skipUTF8Validation: true,
    });
    const connection = new AgentConnection(socket);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('open', resolve);
    socket.once('error', (error) => reject(new AgentGone('absent', error)));
    const timer = setTimeout(() => reject(new AgentGone('silent')), timeoutMs);
    try {
      await promise;
    } catch (error) {
      connection.terminate();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return connection;
  }

  get open(): boolean {
    return this.#failure === undefined;
  }

  /** Whether it has shown that it is alive when it was asked: what was sent after that question may have reached it. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** From now on; must be called in the tick in which the connection was received, or on one that nothing was sent to. */
  listen(events: ConnectionEvents): void {
    this.#events = events;
    if (this.#failure !== undefined) events.closed(this.#failure);
  }

  /**
   * Resolves when the agent shows that it is alive: WebSocket's ping, RFC 6455, 5.5.2. Nothing may have been sent before
   * on this connection. Rejects with AgentGone: `silent` after `timeoutMs`, otherwise as the connection ends.
   */
  async answers(timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onClose = () =>
      reject(this.#failure instanceof AgentGone ? this.#failure : new AgentGone('absent', this.#failure));
    // Not before what has come is read: this server, or the machine, may have stood still itself.
    const timer = setTimeout(() => setImmediate(() => reject(new AgentGone('silent'))), timeoutMs);
    this.#socket.once('pong', resolve).once('close', onClose);
    try {
      if (this.#failure === undefined) this.#socket.ping();
      else onClose();
      await promise;
    } finally {
      clearTimeout(timer);
      this.#socket.off('pong', resolve).off('close', onClose);
    }
  }

  /** Ends it from this side, because of what is wrong with the agent. Idempotent. */
  giveUp(reason: Fault): void {
    this.#fail(reason);
    this.terminate();
  }

  send(frame: Uint8Array): void {
    if (this.#failure === undefined) this.#socket.send(frame);
  }

  /** At once; the agent kills what it runs for this connection. Idempotent. */
  terminate(): void {
    this.#socket.terminate();
  }

  #onMessage(message: unknown, isBinary: boolean): void {
    if (this.#failure !== undefined) return;
    try {
      if (!isBinary || !Buffer.isBuffer(message) || this.#events === undefined) throw new Error('unexpected message');
      this.#events.frame(decodeFrame(message));
    } catch (error) {
      this.#fail(new Fault('unavailable', 'The agent breaks the protocol', { cause: error }));
      this.terminate();
    }
  }

  #fail(failure: Fault | AgentGone): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#events?.closed(failure);
  }
}

function closedBy(code: number): Fault | AgentGone {
  if (code === idleCloseCode) return new AgentGone('left');
  // It took what it was asked for as an error: an instance keeps the agent that it was started with.
  if (code === protocolErrorCode) {
    return new Fault('unsupported', 'The agent of the instance is of an older yurt: restart the instance to renew it');
  }
  if (code === takenCloseCode) return new Fault('conflict', 'Somebody else has attached to the session');
  return new Fault('unavailable', 'The agent of the instance has gone');
}

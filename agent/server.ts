import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { idleCloseCode, maxFrameToAgentBytes, protocolErrorCode, protocolPath } from '../proto/agent/frame.ts';
import type { Children } from './children.ts';
import type { Launcher } from './launcher.ts';
import { Session } from './session.ts';
import { KeptSessions } from './sessions/kept-sessions.ts';

/** Whoever had the agent started has this long to ask for something, however short the idle time is. */
const firstIdleMs = 10_000;

export interface AgentServerOptions {
  /** Inherited listening socket. */
  readonly listenFd: number;
  /** Without any connection that asked for something, and without kept sessions, for so long, `onIdle` is called; 0: never. */
  readonly idleMs: number;
  readonly onIdle: () => void;
}

/** Serves sessions on a socket that somebody else has opened. */
export class AgentServer {
  readonly #options: AgentServerOptions;
  readonly #children: Children;
  readonly #launcher: Launcher;
  readonly #kept: KeptSessions;
  readonly #http = createServer((_request, response) => response.writeHead(404).end());
  readonly #sockets = new WebSocketServer({
    server: this.#http,
    path: protocolPath,
    perMessageDeflate: false,
    maxPayload: maxFrameToAgentBytes,
    skipUTF8Validation: true,
  });
  #busy = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: AgentServerOptions, children: Children, launcher: Launcher) {
    this.#options = options;
    this.#children = children;
    this.#launcher = launcher;
    this.#kept = new KeptSessions({ children, launcher }, (change) => this.#count(change));
  }

  listen(): void {
    this.#http.keepAliveTimeout = 0;
    this.#sockets.on('connection', (socket) => {
      const session = new Session(socket, this.#children, this.#launcher, this.#kept);
      let counted = false;
      socket.on('message', (message, isBinary) => {
        if (!isBinary || !Buffer.isBuffer(message)) {
          socket.close(protocolErrorCode);
          return;
        }
        session.accept(message);
        if (session.busy && !counted) {
          counted = true;
          this.#count(1);
        }
      });
      socket.on('error', () => socket.terminate());
      socket.on('close', () => {
        session.close();
        if (counted) this.#count(-1);
      });
    });
    this.#http.listen({ fd: this.#options.listenFd });
    this.#leaveAfter(Math.max(this.#options.idleMs, firstIdleMs));
  }

  #count(change: number): void {
    this.#busy += change;
    clearTimeout(this.#idleTimer);
    if (this.#busy === 0) this.#leaveAfter(this.#options.idleMs);
  }

  #leaveAfter(idleMs: number): void {
    if (this.#options.idleMs > 0) this.#idleTimer = setTimeout(() => this.#leave(), idleMs);
  }

  /** Whoever is connected and has asked for nothing learns that nothing was done. */
  #leave(): void {
    for (const socket of this.#sockets.clients) socket.close(idleCloseCode);
    this.#options.onIdle();
  }
}

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { idleCloseCode, maxFrameToAgentBytes, protocolErrorCode, protocolPath } from '../proto/agent/frame.ts';
import type { Children } from './children.ts';
import type { Launcher } from './launcher.ts';
import { Session } from './session.ts';

export interface AgentServerOptions {
  /** Inherited listening socket. */
  readonly listenFd: number;
  /** Without any session for so long, `onIdle` is called; 0: never. */
  readonly idleMs: number;
  readonly onIdle: () => void;
}

/** Serves sessions on a socket that somebody else has opened. */
export class AgentServer {
  readonly #options: AgentServerOptions;
  readonly #children: Children;
  readonly #launcher: Launcher;
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
  }

  listen(): void {
    this.#http.keepAliveTimeout = 0;
    this.#sockets.on('connection', (socket) => {
      const session = new Session(socket, this.#children, this.#launcher);
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
    this.#count(0);
  }

  #count(change: number): void {
    this.#busy += change;
    clearTimeout(this.#idleTimer);
    if (this.#busy > 0 || this.#options.idleMs === 0) return;
    this.#idleTimer = setTimeout(() => this.#leave(), this.#options.idleMs);
  }

  /** Whoever is connected and has asked for nothing learns that nothing was done. */
  #leave(): void {
    for (const socket of this.#sockets.clients) socket.close(idleCloseCode);
    this.#options.onIdle();
  }
}

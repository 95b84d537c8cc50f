import { chmodSync, chownSync, rmSync } from 'node:fs';
import { createServer, type Socket, type Server as SocketServer } from 'node:net';
import type { Log } from '../base/log.ts';
import type { ApiServer } from './api-server.ts';

const maxConnections = 1000;

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export interface ListenRequest {
  readonly log: Log;
  readonly server: Pick<ApiServer, 'serve'>;
  readonly socketPath: string;
  /** Members may use the socket; only root may when there is no such group. */
  readonly groupId: number | undefined;
  readonly peerCredentials: (fd: number) => PeerCredentials;
}

export interface Listening {
  /** Takes no more connections. */
  close(): void;
}

/** Serves the API on a unix socket whose peers the kernel identifies. */
export async function listen(request: ListenRequest): Promise<Listening> {
  const sockets = createServer((socket) => {
    if (identifyPeer(socket, request)) request.server.serve(socket);
  });
  sockets.maxConnections = maxConnections;
  await bind(sockets, request);
  return {
    close: () => {
      sockets.close();
      rmSync(request.socketPath, { force: true });
    },
  };
}

/** Gives the socket the name that `getPeer()` of its calls will return. False when the peer is gone already. */
function identifyPeer(socket: Socket, { peerCredentials, log }: ListenRequest): boolean {
  try {
    const handle = (socket as unknown as { _handle?: { fd: number } })._handle; // Node has no public way to the descriptor
    if (handle === undefined) throw new Error('the connection is closed');
    const { uid, gid, pid } = peerCredentials(handle.fd);
    Object.defineProperty(socket, 'remoteAddress', { get: () => `unix:uid=${uid},gid=${gid},pid=${pid}` });
    return true;
  } catch (error) {
    log.info({ err: error }, 'a connection without credentials was refused');
    socket.destroy();
    return false;
  }
}

/** The socket is closed to others from its first moment: the mode follows from the umask at bind(2). */
async function bind(sockets: SocketServer, { socketPath, groupId }: ListenRequest): Promise<void> {
  rmSync(socketPath, { force: true }); // the caller holds the lock of this state directory: nobody listens there
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      sockets.once('error', reject);
      sockets.listen(socketPath, resolve);
    });
  } finally {
    process.umask(umask);
  }
  if (groupId !== undefined) {
    chownSync(socketPath, 0, groupId);
    chmodSync(socketPath, 0o660);
  }
}

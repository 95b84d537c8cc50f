import { chmodSync, chownSync, rmSync } from 'node:fs';
import { createServer, type Socket, type Server as SocketServer } from 'node:net';
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import type { Log } from '../base/log.ts';

/** One message: exec frames are far below, a list of ten thousand instances fits. */
const maxMessageBytes = 16 * 1024 * 1024;
/** Calls at once on one connection. */
const maxConcurrentStreams = 1000;
/** What one HTTP/2 session may hold in memory, in MB: grpc-js would let it grow without end. */
const maxSessionMemoryMb = 64;
const maxConnections = 1000;

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export interface ListenRequest {
  readonly log: Log;
  readonly api: PackageDefinition;
  readonly services: readonly {
    readonly definition: ServiceDefinition;
    readonly implementation: UntypedServiceImplementation;
  }[];
  readonly socketPath: string;
  /** Members may use the socket; only root may when there is no such group. */
  readonly groupId: number | undefined;
  readonly peerCredentials: (fd: number) => PeerCredentials;
}

export interface Listening {
  /** Takes no more calls; ends those that are under way after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Serves the API, reflection and the standard health service on a unix socket whose peers the kernel identifies. */
export async function listen(request: ListenRequest): Promise<Listening> {
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.max_concurrent_streams': maxConcurrentStreams,
    'grpc-node.max_session_memory': maxSessionMemoryMb,
  });
  for (const { definition, implementation } of request.services) server.addService(definition, implementation);
  const health = new HealthImplementation({ '': 'SERVING' });
  health.addToServer(server);
  new ReflectionService(request.api).addToServer(server);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = createServer((socket) => {
    if (!identifyPeer(socket, request)) return;
    injector.injectConnection(socket);
  });
  sockets.maxConnections = maxConnections;
  await bind(sockets, request);
  return {
    close: async (graceMs) => {
      health.setStatus('', 'NOT_SERVING');
      sockets.close();
      rmSync(request.socketPath, { force: true });
      injector.drain(graceMs);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => server.forceShutdown(), graceMs);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      });
      injector.destroy();
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

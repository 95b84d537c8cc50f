import type { Socket } from 'node:net';
import {
  type ConnectionInjector,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { EnumTypeDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { type InboundBudgetOptions, inboundBudget } from './inbound-budget.ts';

/** What the peers of one server may take of its memory. */
export interface ApiLimits {
  readonly maxMessageBytes: number;
  /** Of a message to the server; default: as of all. */
  readonly maxRequestBytes?: number;
  /** What the requests of one client may hold here, until they are whole and dealt with; default: no bound. */
  readonly maxInboundBytes?: number;
  /** Calls at once on one connection. */
  readonly maxConcurrentStreams: number;
  /** What one HTTP/2 session may hold in memory: grpc-js would let it grow without end. */
  readonly maxSessionMemoryMb: number;
  /** A silent peer is asked so often whether it still lives, and is gone when it does not answer in time. */
  readonly keepalive?: { readonly intervalMs: number; readonly timeoutMs: number };
}

/**
 * For processes of this host. The kernel says when one of them has gone: one that is only stopped (ctrl+z) must not lose what
 * it does, as it would if it had to answer.
 */
export const localLimits: ApiLimits = {
  // Exec frames are far below; a list of ten thousand instances fits.
  maxMessageBytes: 16 * 1024 * 1024,
  maxConcurrentStreams: 1000,
  maxSessionMemoryMb: 64,
};

/** For trusted clients on the network: connections of laptops that went to sleep must not stay. */
export const remoteLimits: ApiLimits = {
  ...localLimits,
  maxRequestBytes: 4 * 1024 * 1024,
  // Streams that nobody reads hold some messages each: this is room for some dozen uploads that wait.
  maxInboundBytes: 128 * 1024 * 1024,
  maxConcurrentStreams: 256,
  keepalive: { intervalMs: 60_000, timeoutMs: 20_000 },
};

/**
 * A peer that nobody trusts yet has a token to send, and nothing else to say. One that stays is a server with an instance on
 * its way, which others wait for when the link is cut.
 */
export const strangerLimits: ApiLimits = {
  ...{ maxMessageBytes: 64 * 1024, maxConcurrentStreams: 4, maxSessionMemoryMb: 1 },
  keepalive: { intervalMs: 15_000, timeoutMs: 20_000 },
};

export interface ApiService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface ApiServerRequest {
  /** What reflection tells of: descriptors of files. */
  readonly files: readonly Buffer[];
  readonly services: readonly ApiService[];
  readonly limits: ApiLimits;
  readonly inbound?: Pick<InboundBudgetOptions, 'ownerOf' | 'refused'>;
  /** Its peers may use neither reflection nor health. */
  readonly forStrangers?: boolean;
}

/** The API, reflection and the standard health service, for connections that others have accepted and identified. */
export class ApiServer {
  readonly #server: Server;
  readonly #injector: ConnectionInjector;
  readonly #health = new HealthImplementation({ '': 'SERVING' });

  constructor({ files, services, limits, inbound, forStrangers = false }: ApiServerRequest) {
    const { maxInboundBytes: maxBytes, maxRequestBytes = limits.maxMessageBytes } = limits;
    this.#server = new Server({
      'grpc.max_receive_message_length': maxRequestBytes,
      'grpc.max_send_message_length': limits.maxMessageBytes,
      'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
      'grpc-node.max_session_memory': limits.maxSessionMemoryMb,
      ...(limits.keepalive && {
        'grpc.keepalive_time_ms': limits.keepalive.intervalMs,
        'grpc.keepalive_timeout_ms': limits.keepalive.timeoutMs,
      }),
      ...(inbound &&
        maxBytes !== undefined && {
          interceptors: [inboundBudget({ ...inbound, maxBytes, maxMessageBytes: maxRequestBytes })],
        }),
      'grpc.enable_channelz': 0, // counters of every call that nobody reads
    });
    for (const { definition, implementation } of services) this.#server.addService(definition, implementation);
    const standard = forStrangers ? refusing(this.#server) : this.#server;
    this.#health.addToServer(standard);
    // All as of one definition, of which the library reads nothing else. It would parse the files of each: with those of the API
    // half a second at every start, and 40 MB that stay.
    const all = { fileDescriptorProtos: [...files] } as unknown as EnumTypeDefinition;
    new ReflectionService({ all }).addToServer(standard);
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /** Serves a connection. Its `remoteAddress` is what `getPeer()` of its calls will say. */
  serve(socket: Socket): void {
    this.#injector.injectConnection(socket);
  }

  /** Takes no more calls; ends those that are under way after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#health.setStatus('', 'NOT_SERVING');
    this.#injector.drain(graceMs);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#server.forceShutdown(), graceMs);
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#injector.destroy();
  }
}

/** Takes services that libraries add, and refuses all calls of them. */
function refusing(server: Server): Server {
  const error = { code: status.UNAUTHENTICATED, details: 'The server does not trust this client: it needs a token' };
  const refuse = (call: ServerUnaryCall<unknown, unknown>, done?: sendUnaryData<unknown>) => {
    if (done === undefined) call.emit('error', error);
    else done(error);
  };
  const addService = (definition: ServiceDefinition) =>
    server.addService(definition, Object.fromEntries(Object.keys(definition).map((name) => [name, refuse])));
  return { addService } as unknown as Server; // all that they use of it
}

import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type MethodName, methodOf, type RequestOf, type ResponseOf, type ServiceName } from './api.ts';
import { Failure, statusName } from './failure.ts';
import { whyUnreachable } from './socket.ts';

/** A list of some thousand instances with their devices fits. */
const maxMessageBytes = 64 * 1024 * 1024;

/** What may be under way in one direction of one stream: measured best between 1 and 16 MiB on a unix socket. */
const flowWindowBytes = 4 * 1024 * 1024;

/** What grpc-js says of a stream that the other side has reset, as a server does that ends. */
const lostCallDetails = 'Call cancelled';

export interface CallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Where `--debug` goes. */
export type Trace = (line: string) => void;

/** The server, by its API. Every failure is a `Failure` whose message is for the user. */
export class Connection {
  readonly #client: Client;
  readonly #socketPath: string;
  readonly #trace: Trace | undefined;

  constructor(socketPath: string, trace?: Trace) {
    this.#socketPath = socketPath;
    this.#trace = trace;
    this.#client = new Client(`unix:${socketPath}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc-node.flow_control_window': flowWindowBytes,
      'grpc.service_config_disable_resolution': 1,
      'grpc.enable_retries': 0,
      'grpc.enable_channelz': 0,
      // The name that HTTP/2 asks for; a path is none.
      'grpc.default_authority': 'localhost',
    });
  }

  async call<S extends ServiceName, M extends MethodName<S>>(
    service: S,
    name: M,
    request: RequestOf<S, M> & object,
    options: CallOptions = {},
  ): Promise<ResponseOf<S, M>> {
    const method = methodOf(service, name);
    const started = performance.now();
    try {
      return await new Promise((resolve, reject) => {
        const call = this.#client.makeUnaryRequest(
          method.path,
          method.encode,
          method.decode,
          request,
          new Metadata(),
          deadlineOf(options),
          (error, response) => {
            if (error !== null) reject(error);
            else resolve(response as ResponseOf<S, M>); // decoded by this method's own type
          },
        );
        cancelOn(options.signal, call);
      });
    } catch (error) {
      throw await this.#failureOf(error);
    } finally {
      this.#trace?.(`${method.path} took ${(performance.now() - started).toFixed(1)} ms`);
    }
  }

  /** The messages of a call that the server answers with a stream. */
  async *watch<S extends ServiceName, M extends MethodName<S>>(
    service: S,
    name: M,
    request: RequestOf<S, M> & object,
    options: CallOptions = {},
  ): AsyncGenerator<ResponseOf<S, M>, void> {
    const method = methodOf(service, name);
    this.#trace?.(`${method.path} opens`);
    const call = this.#client.makeServerStreamRequest(
      method.path,
      method.encode,
      method.decode,
      request,
      new Metadata(),
      deadlineOf(options),
    );
    cancelOn(options.signal, call);
    try {
      for await (const response of call) yield response as ResponseOf<S, M>; // decoded by this method's own type
    } catch (error) {
      throw await this.#failureOf(error);
    } finally {
      // Without a listener, what comes after a cancellation would end the process.
      call.on('error', () => {});
      call.cancel();
    }
  }

  /** A call with streams in both directions. Its `error` events go through `explain`. */
  duplex<S extends ServiceName, M extends MethodName<S>>(
    service: S,
    name: M,
  ): ClientDuplexStream<RequestOf<S, M> & object, ResponseOf<S, M>> {
    const method = methodOf(service, name);
    this.#trace?.(`${method.path} opens`);
    return this.#client.makeBidiStreamRequest<RequestOf<S, M> & object, ResponseOf<S, M>>(
      method.path,
      method.encode,
      (bytes) => method.decode(bytes) as ResponseOf<S, M>, // decoded by this method's own type
      new Metadata(),
    );
  }

  async explain(error: unknown): Promise<Failure> {
    return await this.#failureOf(error);
  }

  close(): void {
    this.#client.close();
  }

  async #failureOf(error: unknown): Promise<Failure> {
    if (!isServiceError(error)) {
      if (error instanceof Failure) return error;
      return new Failure(error instanceof Error ? error.message : String(error), { cause: error });
    }
    const status = statusName(error.code);
    const lost = status === 'unavailable' || (status === 'canceled' && error.details === lostCallDetails);
    if (!lost || error.metadata?.get('yurt-fault')[0] !== undefined) {
      return new Failure(error.details, { status, cause: error });
    }
    const reason = await whyUnreachable(this.#socketPath);
    return new Failure(reason ?? 'The server closed the connection', { status: 'unavailable', cause: error });
  }
}

function deadlineOf({ timeoutMs }: CallOptions): { deadline?: number } {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function cancelOn(signal: AbortSignal | undefined, call: { cancel(): void }): void {
  if (signal?.aborted) call.cancel();
  else signal?.addEventListener('abort', () => call.cancel(), { once: true });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

import { type Method, type MethodName, methodOf, type RequestOf, type ResponseOf, type ServiceName } from './api.ts';
import { Call, CallError } from './call.ts';
import type { Dialer } from './dialer.ts';
import { Failure, statusName } from './failure.ts';
import { Http2Session } from './http2/session.ts';

/** What may be under way in one direction, of one stream and of all: best between 1 and 16 MiB on a unix socket. */
const streamWindowBytes = 4 * 1024 * 1024;
const sessionWindowBytes = 16 * 1024 * 1024;

export interface CallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Where `--debug` goes. */
export type Trace = (line: string) => void;

/** A call with streams in both directions. */
export interface DuplexCall<Request, Response> {
  /** False when the message waits with others for room: await `drained` before the next. */
  send(message: Request): boolean;
  drained(): Promise<void>;
  /** No more messages follow. */
  end(): void;
  /** To be iterated once. Throws a `Failure` when the call does not end well. */
  readonly messages: AsyncIterable<Response>;
  cancel(): void;
}

/**
 * The server, by its API. Every failure is a `Failure` whose message is for the user. It speaks gRPC by itself: see
 * docs/decisions/0008-grpc-client-of-the-command-line.md.
 */
export class Connection {
  readonly #dialer: Dialer;
  readonly #session: Http2Session;
  readonly #trace: Trace | undefined;
  #lost: string | undefined;

  constructor(dialer: Dialer, trace?: Trace) {
    this.#dialer = dialer;
    this.#trace = trace;
    const { readyEvent, pingIntervalMs } = dialer;
    this.#session = new Http2Session(dialer.dial(), { readyEvent, streamWindowBytes, sessionWindowBytes });
    if (pingIntervalMs !== undefined) this.#keepAlive(pingIntervalMs);
  }

  async call<S extends ServiceName, M extends MethodName<S>>(
    service: S,
    name: M,
    request: RequestOf<S, M> & object,
    options: CallOptions = {},
  ): Promise<ResponseOf<S, M>> {
    let answer: ResponseOf<S, M> | undefined;
    for await (const response of this.watch(service, name, request, options)) answer ??= response;
    if (answer === undefined) throw new Failure('The server ended a call without an answer');
    return answer;
  }

  /** The messages of a call that the server answers with a stream. */
  async *watch<S extends ServiceName, M extends MethodName<S>>(
    service: S,
    name: M,
    request: RequestOf<S, M> & object,
    { signal, timeoutMs }: CallOptions = {},
  ): AsyncGenerator<ResponseOf<S, M>, void> {
    const method = methodOf(service, name);
    const call = this.#begin(method, timeoutMs);
    const cancel = () => call.cancel();
    let isLate = false;
    const late = () => {
      isLate = true;
      call.cancel();
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted === true) cancel();
    try {
      call.send(method.encode(request));
      call.end();
      yield* this.#responses<ResponseOf<S, M>>(method, call);
    } catch (error) {
      throw isLate ? new Failure('The server did not answer in time', { status: 'timed-out', cause: error }) : error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      call.cancel();
    }
  }

  /** A call with streams in both directions. */
  duplex<S extends ServiceName, M extends MethodName<S>>(
    service: S,
    name: M,
  ): DuplexCall<RequestOf<S, M> & object, ResponseOf<S, M>> {
    const method = methodOf(service, name);
    const call = this.#begin(method);
    return {
      send: (message) => call.send(method.encode(message)),
      drained: () => call.drained(),
      end: () => call.end(),
      messages: this.#responses<ResponseOf<S, M>>(method, call),
      cancel: () => call.cancel(),
    };
  }

  /** Whether calls can begin on it; otherwise another one is needed. */
  get usable(): boolean {
    return !this.#session.isEnded;
  }

  close(): void {
    this.#session.destroy();
  }

  /** Ends the session when the server stays silent: a lost link says nothing by itself. */
  #keepAlive(intervalMs: number): void {
    let answered = true;
    const timer = setInterval(() => {
      if (this.#session.isEnded) clearInterval(timer);
      else if (!this.#session.isReady) return;
      else if (!answered) {
        this.#lost = 'The connection to the server is lost: it does not answer any more';
        this.#session.destroy();
      } else {
        answered = false;
        this.#session.ping(() => (answered = true));
      }
    }, intervalMs);
    timer.unref();
  }

  #begin(method: Method, timeoutMs?: number): Call {
    this.#trace?.(`${method.path} begins`);
    if (this.#session.isEnded && this.#session.failure === undefined) {
      throw new Failure('The server closed the connection', { status: 'unavailable' });
    }
    return new Call(this.#session, method.path, { timeoutMs });
  }

  async *#responses<Response>(method: Method, call: Call): AsyncGenerator<Response, void> {
    const started = performance.now();
    try {
      for await (const bytes of call.messages()) yield method.decode(bytes) as Response; // decoded by the method's type
    } catch (error) {
      throw await this.#failureOf(error, call);
    } finally {
      this.#trace?.(`${method.path} took ${(performance.now() - started).toFixed(1)} ms`);
    }
  }

  async #failureOf(error: unknown, call: Call): Promise<Failure> {
    if (call.canceled) return new Failure('Canceled', { status: 'canceled', cause: error });
    if (error instanceof RangeError) return new Failure(error.message, { cause: error });
    if (!(error instanceof CallError)) throw error;
    if (error.answered) return new Failure(error.message, { status: statusName(error.code), cause: error });
    const { isReady, failure } = this.#session;
    const reason = isReady ? this.#lost : await this.#dialer.whyUnreachable(failure);
    return new Failure(reason ?? 'The server closed the connection', { status: 'unavailable', cause: error });
  }
}

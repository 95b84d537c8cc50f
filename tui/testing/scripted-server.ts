import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadApi } from '../../proto/api.ts';
import type { Operation } from '../../proto/gen/yurt/v1/Operation.ts';
import type { MethodName, ServiceName, Services } from '../client/api.ts';

/** A failure that a handler answers with. */
export class Refusal extends Error {
  readonly code: number;

  constructor(code: number, details: string) {
    super(details);
    this.code = code;
  }

  static notFound(details: string): Refusal {
    return new Refusal(status.NOT_FOUND, details);
  }
}

/**
 * A real gRPC server on a unix socket of its own whose answers a test scripts: `on('InstanceService',
 * 'ListInstances', () => ({ instances: [] }))`. What is not scripted is UNIMPLEMENTED. It keeps the requests it got.
 */
export class ScriptedServer implements AsyncDisposable {
  readonly directory: string;
  readonly socket: string;
  readonly requests: { readonly method: string; readonly request: unknown }[] = [];
  readonly #server = new Server({ 'grpc.max_receive_message_length': 64 * 1024 * 1024 });
  readonly #unary = new Map<string, (request: never) => unknown>();
  readonly #streams = new Map<string, (call: never) => unknown>();
  readonly operations = new Map<string, Operation[]>();

  private constructor(directory: string) {
    this.directory = directory;
    this.socket = join(directory, 'unix.socket');
  }

  static async start(): Promise<ScriptedServer> {
    const server = new ScriptedServer(mkdtempSync(join(tmpdir(), 'yurt-cli-')));
    await server.#listen();
    return server;
  }

  /** Scripts a method that answers once. Throw a `Refusal` to fail. */
  on<S extends ServiceName, M extends MethodName<S>>(
    service: S,
    method: M,
    answer: (request: Asked<S, M>) => Answer<S, M> | Promise<Answer<S, M>>,
  ): this {
    this.#unary.set(`${service}/${method}`, answer);
    return this;
  }

  /** Scripts a method that answers with a stream. */
  onStream<S extends ServiceName, M extends MethodName<S>>(
    service: S,
    method: M,
    answer: (call: ServerWritableStream<Asked<S, M>, Answer<S, M>>) => unknown,
  ): this {
    this.#streams.set(`${service}/${method}`, answer);
    return this;
  }

  /** Scripts a method with streams in both directions. */
  onDuplex<S extends ServiceName, M extends MethodName<S>>(
    service: S,
    method: M,
    answer: (call: ServerDuplexStream<Asked<S, M>, Answer<S, M>>) => unknown,
  ): this {
    this.#streams.set(`${service}/${method}`, answer);
    return this;
  }

  /** Scripts an operation: its states, one after the other, to whoever watches it. Resolves with the first as answer. */
  operation(id: string, states: readonly Operation[]): { operation: Operation } {
    const all = states.map((state) => ({ kind: 'test', description: 'Testing', ...state, id }));
    this.operations.set(id, all);
    return { operation: all[0] ?? { id } };
  }

  /** An operation that succeeds at once after it was given out. */
  done(id = 'done'): { operation: Operation } {
    return this.operation(id, [{ status: 'OPERATION_STATUS_RUNNING' }, { status: 'OPERATION_STATUS_SUCCEEDED' }]);
  }

  requestsOf(method: string): unknown[] {
    return this.requests.filter((one) => one.method === method).map(({ request }) => request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #listen(): Promise<void> {
    for (const [name, definition] of Object.entries(loadApi())) {
      if ('format' in definition) continue;
      const service = name.slice(name.lastIndexOf('.') + 1);
      // What is no message or enumeration in proto-loader's map is a service.
      this.#server.addService(
        definition as ServiceDefinition,
        this.#implement(service, definition as ServiceDefinition),
      );
    }
    this.onStream('OperationService', 'WatchOperation', (call) => {
      for (const operation of this.operations.get(call.request.id ?? '') ?? []) call.write({ operation } as never);
      call.end();
    });
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${this.socket}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  }

  #implement(service: string, definition: ServiceDefinition): UntypedServiceImplementation {
    const implementation: UntypedServiceImplementation = {};
    for (const [method, { requestStream, responseStream }] of Object.entries(definition)) {
      const key = `${service}/${method}`;
      if (requestStream || responseStream) {
        implementation[method] = (call: ServerWritableStream<unknown, unknown>) => this.#stream(key, call);
      } else {
        implementation[method] = (call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) => {
          this.#answer(key, call.request).then(
            (answer) => done(null, answer),
            (error) => done({ code: error.code ?? status.INTERNAL, details: error.message }),
          );
        };
      }
    }
    return implementation;
  }

  async #answer(key: string, request: unknown): Promise<unknown> {
    this.requests.push({ method: key, request });
    const answer = this.#unary.get(key);
    if (answer === undefined) throw new Refusal(status.UNIMPLEMENTED, `${key} is not scripted`);
    return await answer(request as never); // the type that `on` asked for
  }

  #stream(key: string, call: ServerWritableStream<unknown, unknown>): void {
    this.requests.push({ method: key, request: call.request });
    const answer = this.#streams.get(key);
    if (answer === undefined) call.emit('error', { code: status.UNIMPLEMENTED, details: `${key} is not scripted` });
    else {
      const answered = async () => await answer(call as never); // the type that the script asked for
      answered().catch((error) => call.emit('error', { code: error.code ?? status.INTERNAL, details: error.message }));
    }
  }
}

type Definition<S extends ServiceName, M extends MethodName<S>> = Services[S][M];
/** What a handler may answer: proto-loader's lenient input form. */
type Answer<S extends ServiceName, M extends MethodName<S>> =
  Definition<S, M> extends { responseSerialize: (value: infer Value) => Buffer } ? Value : never;
type Asked<S extends ServiceName, M extends MethodName<S>> =
  Definition<S, M> extends { requestDeserialize: (bytes: Buffer) => infer Value } ? Value : never;

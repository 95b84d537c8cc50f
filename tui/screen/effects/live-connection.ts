import type { MethodName, RequestOf, ResponseOf, ServiceName } from '../../client/api.ts';
import type { CallOptions, Connection } from '../../client/connection.ts';
import { Failure } from '../../client/failure.ts';

/** A connection that is opened anew after it was lost. */
export class LiveConnection {
  /** The server that it leads to; empty: the present one. */
  readonly remote: string;
  readonly #open: () => Connection;
  #present: Connection | undefined;

  constructor(open: () => Connection, remote = '') {
    this.#open = open;
    this.remote = remote;
  }

  get present(): Connection {
    this.#present ??= this.#open();
    return this.#present;
  }

  async call<S extends ServiceName, M extends MethodName<S>>(
    service: S,
    name: M,
    request: RequestOf<S, M> & object,
    options?: CallOptions,
  ): Promise<ResponseOf<S, M>> {
    return await this.#kept((connection) => connection.call(service, name, request, options));
  }

  /** Ends all calls. */
  drop(): void {
    this.#present?.close();
    this.#present = undefined;
  }

  async #kept<Result>(use: (connection: Connection) => Promise<Result>): Promise<Result> {
    const connection = this.present;
    try {
      return await use(connection);
    } catch (error) {
      if (Failure.is(error, 'unavailable') && this.#present === connection) this.drop();
      throw error;
    }
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import type { Operation__Output } from '../../../proto/gen/yurt/v1/Operation.ts';
import { Failure } from '../../client/failure.ts';
import { hasEnded } from '../../client/operation.ts';
import type { Store } from '../store.ts';
import { type LiveConnection, reasonOf } from './live-connection.ts';

/** How many objects of a batch are worked on at the same time. */
const maxAtOnce = 8;

/** What is begun with one target; without an operation, it is done. */
export interface Begun {
  readonly live: LiveConnection;
  readonly operation?: Operation__Output | null;
}

/** One action upon several targets, each followed to its end. Never throws: results and failures go to the store. */
export class Batches {
  readonly #store: Store;
  #last = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  async run(
    words: { readonly doing: string; readonly done: string; readonly noun?: string },
    targets: readonly string[],
    begin: (target: string) => Promise<Begun>,
  ): Promise<void> {
    if (targets.length === 0) return;
    this.#last += 1;
    const id = this.#last;
    this.#store.dispatch({ type: 'batch-begun', id, ...words, targets });
    const waiting = [...targets];
    const work = async () => {
      for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
        const failure = await this.#failureOf(begin, target);
        this.#store.dispatch({ type: 'batch-result', id, target, failure });
      }
    };
    await Promise.all(Array.from({ length: Math.min(maxAtOnce, targets.length) }, work));
  }

  /** Follows an operation to its end. Throws what it failed with. */
  async ended(live: LiveConnection, operation: Operation__Output | null): Promise<Operation__Output> {
    if (operation === null) throw new Failure('The server answered without an operation');
    let last = operation;
    this.#tell(live, last);
    if (!hasEnded(last)) {
      const { id } = operation;
      for await (const { operation: state } of live.present.watch('OperationService', 'WatchOperation', { id })) {
        if (state === null) continue;
        last = state;
        this.#tell(live, last);
      }
    }
    if (last.status === 'OPERATION_STATUS_SUCCEEDED') return last;
    if (last.status === 'OPERATION_STATUS_CANCELED') throw new Failure('It was canceled');
    throw new Failure(last.fault?.message ?? 'The server stopped reporting about it');
  }

  #tell({ remote }: LiveConnection, operation: Operation__Output): void {
    this.#store.dispatch({ type: 'operation', operation, remote });
  }

  async #failureOf(begin: (target: string) => Promise<Begun>, target: string): Promise<string | undefined> {
    try {
      const { live, operation } = await begin(target);
      if (operation !== undefined) await this.ended(live, operation);
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }
}

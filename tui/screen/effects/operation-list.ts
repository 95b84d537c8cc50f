import type { Store } from '../store.ts';
import { type LiveConnection, reasonOf } from './live-connection.ts';

/** Reads what one server has to do, and tells the store. Whatever changes in it comes as an event. */
export class OperationList {
  readonly #live: LiveConnection;
  readonly #store: Store;
  readonly #project: () => string;
  #stopped = false;

  constructor(live: LiveConnection, store: Store, project: () => string) {
    this.#live = live;
    this.#store = store;
    this.#project = project;
  }

  async readAll(): Promise<void> {
    const { remote } = this.#live;
    try {
      const { allProjects } = this.#store.state();
      const request = { project: this.#project(), allProjects };
      const { operations } = await this.#live.call('OperationService', 'ListOperations', request);
      if (!this.#stopped) this.#store.dispatch({ type: 'operations-listed', operations, remote });
    } catch (error) {
      // What another server cannot tell is said in its own line.
      if (remote === '') {
        this.#store.dispatch({ type: 'list-failed', screen: 'operations', reason: reasonOf(error) });
      }
    }
  }

  changed(): void {}

  stop(): void {
    this.#stopped = true;
  }
}

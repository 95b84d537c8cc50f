import type { Store } from '../store.ts';
import { reasonOf } from './live-connection.ts';
import type { Servers } from './servers.ts';

/** Reads what runs in the instance that is shown. Never throws: what goes wrong is shown in its place. */
export class ProcessReader {
  readonly #servers: Servers;
  readonly #store: Store;
  #reading: string | undefined;

  constructor(servers: Servers, store: Store) {
    this.#servers = servers;
    this.#store = store;
  }

  async read(key: string): Promise<void> {
    if (this.#reading === key) return;
    this.#reading = key;
    try {
      const { live, ...target } = this.#servers.placeOf(key);
      const listed = await live.call('InstanceService', 'ListProcesses', target);
      this.#store.dispatch({ type: 'processes-listed', key, listed, now: Date.now() });
    } catch (error) {
      this.#store.dispatch({ type: 'processes-listed', key, listed: reasonOf(error), now: Date.now() });
    } finally {
      if (this.#reading === key) this.#reading = undefined;
    }
  }
}

import type { Store } from '../store.ts';
import type { Servers } from './servers.ts';

/** How often what an instance takes on its disk is measured while somebody looks, at most. */
const measureMs = 10_000;

/** The server walks through the files for it: that may take this part of the time. */
const measureShare = 20;

/** Has the disk of the instance that is shown measured: no list does. */
export class DiskReader {
  readonly #servers: Servers;
  readonly #store: Store;
  #next = 0;

  constructor(servers: Servers, store: Store) {
    this.#servers = servers;
    this.#store = store;
  }

  async read(key: string, started: number): Promise<void> {
    if (started < this.#next) return;
    this.#next = Number.POSITIVE_INFINITY;
    try {
      const { live, ...target } = this.#servers.placeOf(key);
      const { instance } = await live.call('InstanceService', 'GetInstance', target);
      if (instance !== null) this.#store.dispatch({ type: 'instance-read', key, instance, now: Date.now() });
    } catch {
      // The list of instances tells what is wrong with the server, or that the instance is gone.
    } finally {
      const now = Date.now();
      this.#next = Math.max(started + measureMs, now + (now - started) * measureShare);
    }
  }
}

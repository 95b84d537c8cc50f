import { Connection } from '../../client/connection.ts';
import type { Offer } from '../state/state.ts';
import type { Store } from '../store.ts';
import { LiveConnection } from './live-connection.ts';
import type { Elsewhere } from './remotes.ts';

/**
 * Reads what other servers have for a form to offer, each over a connection of its own that ends with it. What one does not
 * tell is not offered, and can be typed all the same.
 */
export class Offers {
  readonly #store: Store;
  readonly #elsewhere: Elsewhere;
  readonly #reading = new Set<string>();

  constructor(store: Store, elsewhere: Elsewhere) {
    this.#store = store;
    this.#elsewhere = elsewhere;
  }

  async read(): Promise<void> {
    await Promise.all(this.#elsewhere.names.map((remote) => this.#readOne(remote)));
  }

  async #readOne(remote: string): Promise<void> {
    if (this.#reading.has(remote)) return;
    this.#reading.add(remote);
    let live: LiveConnection | undefined;
    try {
      const dialer = await this.#elsewhere.way(remote);
      live = new LiveConnection(() => new Connection(dialer), remote);
      const offer = await offerOf(live, this.#elsewhere.projectOf(remote));
      this.#store.dispatch({ type: 'offered', remote, offer });
    } catch {
      // It is offered nothing of a server that cannot be reached.
    } finally {
      live?.drop();
      this.#reading.delete(remote);
    }
  }
}

async function offerOf(live: LiveConnection, project: string): Promise<Offer> {
  const [{ images }, { recipes }, { profiles }, { networks }, { pools }, { projects }] = await Promise.all([
    live.call('ImageService', 'ListImages', { project }),
    live.call('ImageService', 'ListRecipes', {}),
    live.call('ProfileService', 'ListProfiles', { project }),
    live.call('NetworkService', 'ListNetworks', { project }),
    live.call('StorageService', 'ListStoragePools', {}),
    live.call('ProjectService', 'ListProjects', {}),
  ]);
  return { images, recipes, profiles, networks, pools, projects };
}

import { placeOf } from '../state/instance-rows.ts';
import { shownPage } from '../state/state.ts';
import type { Store } from '../store.ts';
import { reasonOf } from './live-connection.ts';
import type { Servers } from './servers.ts';

/** Changes that come this close together are read together. */
const gatherMs = 50;

/** Reads the snapshots of the instance that is shown. Never throws: what goes wrong is shown in their place. */
export class SnapshotReader {
  readonly #servers: Servers;
  readonly #store: Store;
  #reading: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(servers: Servers, store: Store) {
    this.#servers = servers;
    this.#store = store;
  }

  /** The way to the server is new: what is shown may have changed meanwhile. */
  async readAll(): Promise<void> {
    const page = shownPage(this.#store.state());
    if (page.kind === 'instance' && page.tab === 'snapshots') await this.read(page.key);
  }

  /** An object has changed, by its resource name: `instance/web`, `instance/web/snap0`. */
  changed(source: string, project: string): void {
    const [kind = '', name = ''] = source.split('/');
    const page = shownPage(this.#store.state());
    if (kind !== 'instance' || page.kind !== 'instance') return;
    // On whatever server: to read once too often does no harm.
    const shown = placeOf(page.key);
    if (shown.name !== name || shown.project !== (project || 'default')) return;
    this.#timer ??= setTimeout(() => this.#readChanged(), gatherMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async read(key: string): Promise<void> {
    if (this.#reading === key) return;
    this.#reading = key;
    try {
      const { live, project, name: instance } = this.#servers.placeOf(key);
      const { snapshots } = await live.call('SnapshotService', 'ListSnapshots', { project, instance });
      this.#store.dispatch({ type: 'snapshots-listed', key, snapshots });
    } catch (error) {
      this.#store.dispatch({ type: 'snapshots-listed', key, snapshots: reasonOf(error) });
    } finally {
      if (this.#reading === key) this.#reading = undefined;
    }
  }

  #readChanged(): void {
    this.#timer = undefined;
    // What is being read may be older than the change.
    if (this.#reading === undefined) void this.readAll();
    else this.#timer = setTimeout(() => this.#readChanged(), gatherMs);
  }
}

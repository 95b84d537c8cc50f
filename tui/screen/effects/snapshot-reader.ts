import { keyOf } from '../state/instance-rows.ts';
import { shownPage } from '../state/state.ts';
import type { Store } from '../store.ts';
import { type LiveConnection, reasonOf } from './live-connection.ts';

/** Changes that come this close together are read together. */
const gatherMs = 50;

/** Reads the snapshots of the instance that is shown. Never throws: what goes wrong is shown in their place. */
export class SnapshotReader {
  readonly #live: LiveConnection;
  readonly #store: Store;
  #reading: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(live: LiveConnection, store: Store) {
    this.#live = live;
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
    if (kind !== 'instance' || page.kind !== 'instance' || page.key !== keyOf({ project, name })) return;
    this.#timer ??= setTimeout(() => this.#readChanged(), gatherMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async read(key: string): Promise<void> {
    if (this.#reading === key) return;
    this.#reading = key;
    const [project = '', instance = ''] = key.split('/');
    try {
      const { snapshots } = await this.#live.call('SnapshotService', 'ListSnapshots', { project, instance });
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

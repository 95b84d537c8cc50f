import { Collection } from '../db/collection.ts';
import type { Change, Store } from '../db/store.ts';
import type { Expanded } from './instance.ts';
import type { LiveChange } from './live-change.ts';

/** What a running instance was being made to follow. */
export interface Unfinished {
  readonly uuid: string;
  readonly after: Expanded;
}

/**
 * Which running instances are being changed: written before the first step and removed in the commit that records the
 * change. What a starting server finds here was cut off in between, and the instance may be anywhere on the way.
 */
export class ChangeJournal {
  readonly #store: Store;
  readonly #entries: Collection<Unfinished>;

  constructor(store: Store) {
    this.#store = store;
    this.#entries = new Collection(store, 'live-change/', parseUnfinished);
  }

  /** Returns what ends the entries, for the commit that records the change. */
  async begin(changes: readonly LiveChange[]): Promise<Change> {
    if (changes.length === 0) return {};
    await this.#store.commit({
      put: changes.map(({ instance: { uuid }, after }) => ({
        key: this.#entries.key(uuid),
        value: { uuid, after } satisfies Unfinished,
      })),
    });
    return { remove: changes.map(({ instance: { uuid } }) => this.#entries.key(uuid)) };
  }

  /** The change was given up and undone. */
  async end(entries: Change): Promise<void> {
    await this.#store.commit(entries);
  }

  async list(): Promise<Unfinished[]> {
    return (await this.#entries.list()).map(({ record }) => record);
  }

  async forget(uuid: string): Promise<void> {
    await this.#entries.remove(uuid);
  }
}

function parseUnfinished(value: unknown): Unfinished {
  const entry = value as Unfinished; // written by this file only
  if (typeof entry.uuid !== 'string' || typeof entry.after?.config !== 'object') throw new TypeError('not a change');
  return entry;
}

import { Fault } from '../base/fault.ts';
import { ChangeFeed } from './change-feed.ts';
import type { Change, Entry, Removed, Store } from './store.ts';

/** A store that forgets everything: for unit tests. Values are copied in and out as JSON, as a real store does. */
export class MemoryStore implements Store {
  readonly #entries = new Map<string, { json: string; revision: number }>();
  readonly #feed = new ChangeFeed();
  #revision = 0;

  async get(key: string): Promise<Entry | undefined> {
    const found = this.#entries.get(key);
    return found === undefined ? undefined : { key, value: JSON.parse(found.json), revision: found.revision };
  }

  async list(prefix: string): Promise<Entry[]> {
    return [...this.#entries]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { json, revision }]) => ({ key, value: JSON.parse(json), revision }));
  }

  async keys(prefix: string): Promise<string[]> {
    return (await this.list(prefix)).map(({ key }) => key);
  }

  async commit(change: Change): Promise<number> {
    for (const { key, revision } of change.expect ?? []) {
      if ((this.#entries.get(key)?.revision ?? 0) !== revision) {
        throw new Fault('conflict', `${key} was changed by somebody else in the meantime`);
      }
    }
    this.#revision += 1;
    const revision = this.#revision;
    for (const { key, value } of change.put ?? []) {
      this.#entries.set(key, { json: JSON.stringify(value), revision });
      this.#feed.publish({ key, value, revision });
    }
    for (const key of change.remove ?? []) {
      this.#entries.delete(key);
      this.#feed.publish({ key, value: undefined, revision });
    }
    return revision;
  }

  watch(prefix: string, signal: AbortSignal): AsyncIterable<Entry | Removed> {
    return this.#feed.watch(prefix, signal);
  }

  async close(): Promise<void> {}
}

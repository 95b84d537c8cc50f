import { Fault } from '../base/fault.ts';
import type { Change, Store } from './store.ts';

/** A record together with the revision that a conditional change of it names. */
export interface Versioned<T> {
  readonly record: T;
  readonly revision: number;
}

/**
 * The records of one kind below one prefix. `parse` is the one place where stored JSON becomes a typed record; it
 * throws for a shape that it does not know, so that a damaged state is named and never half-understood.
 */
export class Collection<T> {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #parse: (value: unknown) => T;

  constructor(store: Store, prefix: string, parse: (value: unknown) => T) {
    this.#store = store;
    this.#prefix = prefix;
    this.#parse = parse;
  }

  key(id: string): string {
    return `${this.#prefix}${id}`;
  }

  async find(id: string): Promise<Versioned<T> | undefined> {
    const entry = await this.#store.get(this.key(id));
    return entry === undefined ? undefined : this.#read(entry.key, entry.value, entry.revision);
  }

  async list(idPrefix = ''): Promise<Versioned<T>[]> {
    const entries = await this.#store.list(this.key(idPrefix));
    return entries.map((entry) => this.#read(entry.key, entry.value, entry.revision));
  }

  /** As `list`, without what is stored under them. */
  async ids(idPrefix = ''): Promise<string[]> {
    const keys = await this.#store.keys(this.key(idPrefix));
    return keys.map((key) => key.slice(this.#prefix.length));
  }

  /** Writes the record if it still has `revision` (0: does not exist); `also` is committed with it. */
  async put(id: string, record: T, revision: number, also: Change = {}): Promise<Versioned<T>> {
    const written = await this.#store.commit({
      expect: [{ key: this.key(id), revision }, ...(also.expect ?? [])],
      put: [{ key: this.key(id), value: record }, ...(also.put ?? [])],
      remove: also.remove ?? [],
    });
    return { record, revision: written };
  }

  /** Reads, changes, writes; again when somebody else wrote in between. Fault `conflict` after `maxAttempts`. */
  async update(id: string, change: (record: T) => T): Promise<Versioned<T> | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const found = await this.find(id);
      if (found === undefined) return undefined;
      try {
        return await this.put(id, change(found.record), found.revision);
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'conflict' || attempt === maxAttempts) throw error;
      }
    }
  }

  async remove(id: string, also: Change = {}): Promise<void> {
    await this.#store.commit({ ...also, remove: [this.key(id), ...(also.remove ?? [])] });
  }

  #read(key: string, value: unknown, revision: number): Versioned<T> {
    try {
      return { record: this.#parse(value), revision };
    } catch (error) {
      throw new Fault('internal', `The stored record ${key} is damaged`, { cause: error });
    }
  }
}

const maxAttempts = 8;

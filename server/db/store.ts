/**
 * The state of the server: small JSON values under slash-separated keys (`instance/default/web`). Several servers will
 * one day share one store, so the contract is what etcd can do too: revisions, atomic conditional commits, prefixes,
 * watches. Nothing outside this folder knows which store it is.
 */
export interface Store {
  get(key: string): Promise<Entry | undefined>;
  /** All entries whose key begins with `prefix`, in key order. Fault `exhausted` beyond `maxListEntries`. */
  list(prefix: string): Promise<Entry[]>;
  /** The keys of these entries alone, read without their values. Fault `exhausted` as for `list`. */
  keys(prefix: string): Promise<string[]>;
  /**
   * Applies all of the change or nothing of it, durably (fsync). Fault `conflict` when an expectation does not hold.
   * Returns the store's new revision.
   */
  commit(change: Change): Promise<number>;
  /** Changes below `prefix` from now on, until `signal` aborts. */
  watch(prefix: string, signal: AbortSignal): AsyncIterable<Entry | Removed>;
  close(): Promise<void>;
}

export interface Entry {
  readonly key: string;
  readonly value: unknown;
  /** The store's revision at which the entry was last written: greater is later. */
  readonly revision: number;
}

export interface Removed {
  readonly key: string;
  readonly value: undefined;
  readonly revision: number;
}

export interface Change {
  /** Revision that a key must still have; 0: the key must not exist. */
  readonly expect?: readonly { readonly key: string; readonly revision: number }[];
  readonly put?: readonly { readonly key: string; readonly value: unknown }[];
  readonly remove?: readonly string[];
}

/** A listing beyond this is a defect or an attack, not a use. */
export const maxListEntries = 100_000;
/** A value beyond this does not belong into the store. */
export const maxValueBytes = 1024 * 1024;

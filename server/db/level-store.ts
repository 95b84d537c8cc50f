import { Level } from 'level';
import { Fault } from '../base/fault.ts';
import { ChangeFeed } from './change-feed.ts';
import { type Change, type Entry, maxListEntries, maxValueBytes, type Removed, type Store } from './store.ts';

interface Stored {
  readonly revision: number;
  readonly value: unknown;
}

/** Where the revision counter lives: `!` sorts before every key of the domains, which begin with a letter. */
const revisionKey = '!revision';

/**
 * The store of one server, in LevelDB. The caller holds a lock of its own on the state directory: LevelDB's is dropped
 * by a second open in the same process.
 */
export class LevelStore implements Store {
  readonly #db: Level<string, Stored>;
  readonly #feed = new ChangeFeed();
  #revision: number;
  /** Commits one after the other: expectations are checked against what the previous one left. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(db: Level<string, Stored>, revision: number) {
    this.#db = db;
    this.#revision = revision;
  }

  /** Fault `internal` when the files are damaged, naming the directory. */
  static async open(directory: string): Promise<LevelStore> {
    const db = new Level<string, Stored>(directory, { valueEncoding: 'json' });
    try {
      await db.open();
      const stored = await db.get(revisionKey);
      return new LevelStore(db, stored?.revision ?? 0);
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Fault('internal', `Cannot open the state in ${directory}: ${reason}`, { cause: error });
    }
  }

  async get(key: string): Promise<Entry | undefined> {
    const stored = await this.#db.get(key);
    return stored === undefined ? undefined : { key, ...stored };
  }

  async list(prefix: string): Promise<Entry[]> {
    const found = await this.#db.iterator(rangeOf(prefix)).all();
    return checkedLength(prefix, found).map(([key, stored]) => ({ key, ...stored }));
  }

  async keys(prefix: string): Promise<string[]> {
    return checkedLength(prefix, await this.#db.keys(rangeOf(prefix)).all());
  }

  commit(change: Change): Promise<number> {
    const result = this.#turn.then(() => this.#apply(change));
    this.#turn = result.catch(() => {});
    return result;
  }

  async #apply(change: Change): Promise<number> {
    for (const { key, revision } of change.expect ?? []) {
      const now = (await this.#db.get(key))?.revision ?? 0;
      if (now !== revision) throw new Fault('conflict', `${key} was changed by somebody else in the meantime`);
    }
    const revision = this.#revision + 1;
    const puts = (change.put ?? []).map(({ key, value }) => ({ key, value: checkedValue(key, value), revision }));
    const removes = (change.remove ?? []).map((key) => ({ key, value: undefined, revision }));
    await this.#db.batch(
      [
        { type: 'put', key: revisionKey, value: { revision, value: null } },
        ...puts.map(({ key, value }) => ({ type: 'put' as const, key, value: { revision, value } })),
        ...removes.map(({ key }) => ({ type: 'del' as const, key })),
      ],
      { sync: true },
    );
    this.#revision = revision;
    for (const entry of [...puts, ...removes]) this.#feed.publish(entry);
    return revision;
  }

  watch(prefix: string, signal: AbortSignal): AsyncIterable<Entry | Removed> {
    return this.#feed.watch(prefix, signal);
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#db.close();
  }
}

function rangeOf(prefix: string): { gte: string; lt: string; limit: number } {
  return { gte: prefix, lt: `${prefix}\uffff`, limit: maxListEntries + 1 };
}

function checkedLength<Found>(prefix: string, found: Found[]): Found[] {
  if (found.length > maxListEntries) throw new Fault('exhausted', `More than ${maxListEntries} entries in ${prefix}`);
  return found;
}

function checkedValue(key: string, value: unknown): unknown {
  const size = Buffer.byteLength(JSON.stringify(value));
  if (size > maxValueBytes) throw new Fault('invalid', `The value of ${key} is larger than ${maxValueBytes} bytes`);
  return value;
}

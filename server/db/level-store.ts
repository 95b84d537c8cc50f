import { Level } from 'level';
import { Fault } from '../base/fault.ts';
import { ChangeFeed } from './change-feed.ts';
import { checkRoom, damageOf } from './level-files.ts';
import { type Change, type Entry, maxListEntries, maxValueBytes, type Removed, type Store } from './store.ts';

interface Stored {
  readonly revision: number;
  readonly value: unknown;
}

type Write = { type: 'put'; key: string; value: Stored } | { type: 'del'; key: string };

/** Where the revision counter lives: `!` sorts before every key of the domains, which begin with a letter. */
const revisionKey = '!revision';

/**
 * The store of one server, in LevelDB. The caller holds a lock of its own on the state directory: LevelDB's is dropped
 * by a second open in the same process.
 */
export class LevelStore implements Store {
  readonly #directory: string;
  readonly #db: Level<string, Stored>;
  readonly #feed = new ChangeFeed();
  #revision: number;
  /** Commits one after the other: expectations are checked against what the previous one left. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #reads = new Set<Promise<unknown>>();
  /** A write has failed: what LevelDB would write behind it in the same log, it could not read again. */
  #torn = false;

  private constructor(directory: string, db: Level<string, Stored>, revision: number) {
    this.#directory = directory;
    this.#db = db;
    this.#revision = revision;
  }

  /** Fault `internal` when the files are damaged, naming the directory. */
  static async open(directory: string): Promise<LevelStore> {
    const damage = await damageOf(directory);
    if (damage !== undefined) throw new Fault('internal', `The state in ${directory} is damaged: ${damage}`);
    const db = new Level<string, Stored>(directory, { valueEncoding: 'json' });
    try {
      await db.open();
      return new LevelStore(directory, db, await revisionOf(db));
    } catch (error) {
      throw stateFault('open', directory, error);
    }
  }

  async get(key: string): Promise<Entry | undefined> {
    const stored = await this.#read(() => this.#db.get(key));
    return stored === undefined ? undefined : { key, ...stored };
  }

  async list(prefix: string): Promise<Entry[]> {
    const found = await this.#read(() => this.#db.iterator(rangeOf(prefix)).all());
    return checkedLength(prefix, found).map(([key, stored]) => ({ key, ...stored }));
  }

  async keys(prefix: string): Promise<string[]> {
    return checkedLength(prefix, await this.#read(() => this.#db.keys(rangeOf(prefix)).all()));
  }

  commit(change: Change): Promise<number> {
    return this.#inTurn(() => this.#apply(change));
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #read<Found>(read: () => Promise<Found>): Promise<Found> {
    if (this.#torn && this.#db.status !== 'open') await this.#inTurn(() => this.#mend());
    const reading = read();
    this.#reads.add(reading);
    try {
      return await reading;
    } catch (error) {
      throw stateFault('read', this.#directory, error);
    } finally {
      this.#reads.delete(reading);
    }
  }

  /** After a failed write: opens the files again, with a new log. In turn. Fault `exhausted` while there is no space for it. */
  async #mend(): Promise<void> {
    if (!this.#torn) return;
    await checkRoom(this.#directory);
    while (this.#reads.size > 0) await Promise.allSettled(this.#reads);
    try {
      await this.#db.close();
      await this.#db.open();
      this.#revision = await revisionOf(this.#db);
    } catch (error) {
      throw stateFault('open', this.#directory, error);
    }
    this.#torn = false;
  }

  async #apply(change: Change): Promise<number> {
    await this.#mend();
    for (const { key, revision } of change.expect ?? []) {
      const now = (await this.#read(() => this.#db.get(key)))?.revision ?? 0;
      if (now !== revision) throw new Fault('conflict', `${key} was changed by somebody else in the meantime`);
    }
    const revision = this.#revision + 1;
    const puts = (change.put ?? []).map(({ key, value }) => ({ key, value: checkedValue(key, value), revision }));
    const removes = (change.remove ?? []).map((key) => ({ key, value: undefined, revision }));
    await this.#write([
      { type: 'put', key: revisionKey, value: { revision, value: null } },
      ...puts.map(({ key, value }) => ({ type: 'put' as const, key, value: { revision, value } })),
      ...removes.map(({ key }) => ({ type: 'del' as const, key })),
    ]);
    this.#revision = revision;
    for (const entry of [...puts, ...removes]) this.#feed.publish(entry);
    return revision;
  }

  async #write(operations: Write[]): Promise<void> {
    try {
      await this.#db.batch(operations, { sync: true });
    } catch (error) {
      this.#torn = true;
      throw stateFault('write', this.#directory, error);
    }
  }

  watch(prefix: string, signal: AbortSignal): AsyncIterable<Entry | Removed> {
    return this.#feed.watch(prefix, signal);
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#db.close();
  }
}

async function revisionOf(db: Level<string, Stored>): Promise<number> {
  return (await db.get(revisionKey))?.revision ?? 0;
}

/** What LevelDB says is about one of its files at best, never about what was tried. */
function stateFault(verb: string, directory: string, error: unknown): Fault {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = reason.includes('No space left') ? 'exhausted' : 'internal';
  return new Fault(code, `Cannot ${verb} the state in ${directory}: ${reason}`, { cause: error });
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

import { randomUUID } from 'node:crypto';
import { errnoOf } from '../../base/fault.ts';
import type { Log } from '../../base/log.ts';
import type { Place, PoolDirectory } from '../pool-directory.ts';
import { places } from './layout.ts';

/**
 * Where volumes go to be removed: throwing one away is a rename, and removing its files happens in the background, one
 * tree after the other. What a server leaves there the next one removes.
 */
export class Trash implements AsyncDisposable {
  readonly #pool: PoolDirectory;
  readonly #log: Log;
  readonly #stop = new AbortController();
  #emptying: Promise<void> | undefined;
  #again = false;

  constructor(pool: PoolDirectory, log: Log) {
    this.#pool = pool;
    this.#log = log;
  }

  /** Gone from its place when this resolves. Idempotent. */
  async throwAway(place: Place): Promise<void> {
    try {
      await this.#pool.move(place, places.trashed(randomUUID()));
      this.empty();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  /** Begins to remove what is there. */
  empty(): void {
    this.#again = true;
    this.#emptying ??= this.#run();
  }

  /** Resolves when nothing is being removed. */
  async settled(): Promise<void> {
    while (this.#emptying !== undefined) await this.#emptying;
  }

  /** Stops in the middle of whatever it removes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.settled();
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#stop.signal.aborted) {
        this.#again = false;
        for (const name of await this.#pool.list(places.trash)) await this.#remove(['trash', name]);
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'the trash of a storage pool cannot be read');
    } finally {
      this.#emptying = undefined;
    }
  }

  async #remove(place: Place): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    try {
      await this.#pool.removeTree(place, signal);
    } catch (error) {
      if (!signal.aborted) this.#log.warn({ err: error, path: this.#pool.path(place) }, 'cannot remove a volume');
    }
  }
}

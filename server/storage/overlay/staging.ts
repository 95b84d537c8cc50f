import { randomUUID } from 'node:crypto';
import type { Log } from '../../base/log.ts';
import type { Place, PoolDirectory } from '../pool-directory.ts';
import { places } from './layout.ts';

/** A directory in the making. Disposing of it removes what was not moved to its place. */
export interface Staged extends AsyncDisposable {
  readonly place: Place;
  /** The moment in which it begins to count. */
  moveTo(place: Place): Promise<void>;
}

/** Where volumes are made, so that a half-made one never has the name of a whole one. */
export class Staging {
  readonly #pool: PoolDirectory;
  readonly #log: Log;
  readonly #active = new Set<string>();

  constructor(pool: PoolDirectory, log: Log) {
    this.#pool = pool;
    this.#log = log;
  }

  begin(): Staged {
    const name = randomUUID();
    const place = places.staged(name);
    this.#active.add(name);
    let moved = false;
    return {
      place,
      moveTo: async (target) => {
        await this.#pool.move(place, target);
        moved = true;
      },
      [Symbol.asyncDispose]: async () => {
        if (!moved) await this.#remove(place);
        this.#active.delete(name);
      },
    };
  }

  /** What an earlier server left. */
  async stale(): Promise<Place[]> {
    const names = await this.#pool.list(places.staging);
    return names.filter((name) => !this.#active.has(name)).map((name) => [...places.staging, name]);
  }

  async #remove(place: Place): Promise<void> {
    try {
      if ((await this.#pool.attributes(place)) !== undefined) {
        await this.#pool.removeTree(place, new AbortController().signal);
      }
    } catch (error) {
      this.#log.warn({ err: error, path: this.#pool.path(place) }, 'cannot remove a half-made volume');
    }
  }
}

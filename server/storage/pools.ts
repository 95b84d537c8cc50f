import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import type { StorageDriver, Usage } from './contract.ts';
import type { StoragePool } from './pool.ts';

interface Opened {
  readonly pool: StoragePool;
  readonly driver: StorageDriver;
  /** Why it could not be opened, if so. Instances in it cannot start; everything else works. */
  failure: string | undefined;
}

export interface PoolView {
  readonly pool: StoragePool;
  readonly failure: string | undefined;
  readonly usage: Usage | undefined;
}

/** The storage pools of a server, each with its driver. */
export class Pools {
  readonly #log: Log;
  readonly #opened = new Map<string, Opened>();

  constructor(log: Log) {
    this.#log = log;
  }

  async open(pool: StoragePool, driver: StorageDriver): Promise<void> {
    const opened: Opened = { pool, driver, failure: undefined };
    this.#opened.set(pool.name, opened);
    try {
      await driver.open(ownTask(this.#log));
    } catch (error) {
      opened.failure = Fault.from(error).message;
      this.#log.error({ err: error, pool: pool.name }, 'a storage pool could not be opened');
    }
  }

  /** Removes what a crash left half-made in any pool. */
  async repair(known: Parameters<StorageDriver['repair']>[1]): Promise<void> {
    for (const { pool, driver, failure } of this.#opened.values()) {
      if (failure !== undefined) continue;
      await driver.repair(ownTask(this.#log), known).catch((error: unknown) => {
        this.#log.error({ err: error, pool: pool.name }, 'a storage pool could not be repaired');
      });
    }
  }

  /** Faults: `not-found`; `unavailable` for one that could not be opened. */
  driver(name: string): StorageDriver {
    const opened = this.#opened.get(name);
    if (opened === undefined) throw new Fault('not-found', `Storage pool "${name.slice(0, 80)}" does not exist`);
    if (opened.failure !== undefined) {
      throw new Fault('unavailable', `Storage pool "${name}" is not available: ${opened.failure}`);
    }
    return opened.driver;
  }

  drivers(): StorageDriver[] {
    return [...this.#opened.values()].filter(({ failure }) => failure === undefined).map(({ driver }) => driver);
  }

  /** Ends the work in the background; mounts stay, since instances outlive the server. */
  async close(): Promise<void> {
    await Promise.allSettled(this.drivers().map((driver) => driver.close()));
  }

  async list(): Promise<PoolView[]> {
    return await Promise.all(
      [...this.#opened.values()].map(async ({ pool, driver, failure }) => ({
        ...{ pool, failure },
        usage: failure === undefined ? await driver.poolUsage().catch(() => undefined) : undefined,
      })),
    );
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import type { Store } from '../db/store.ts';
import type { Runtime } from '../runtime/contract.ts';
import type { Instance } from './instance.ts';
import type { Supervisor } from './supervisor.ts';

export interface FreezerDeps {
  readonly log: Log;
  readonly store: Store;
  readonly runtime: Pick<Runtime, 'state' | 'pause' | 'resume'>;
  readonly supervisor: Pick<Supervisor, 'status'>;
}

const prefix = 'freeze/';
/** Nothing is worse than a system that stays still: after these, the next start of the server tries again. */
const maxAttempts = 5;
const retryMs = 20;

/**
 * Holds instances still while something is copied from their roots. What it is about to hold it writes down first: an
 * instance whose server dies meanwhile is let go by the next one.
 */
export class Freezer {
  readonly #deps: FreezerDeps;

  constructor(deps: FreezerDeps) {
    this.#deps = deps;
  }

  /** Runs the work while no process of the instance runs. One that is paused already stays paused. */
  async hold<Result>({ uuid }: Instance, work: () => Promise<Result>): Promise<Result> {
    const { store, runtime, supervisor } = this.#deps;
    if (supervisor.status(uuid) !== 'running') return await work();
    await store.commit({ put: [{ key: prefix + uuid, value: true }] });
    try {
      await runtime.pause(uuid);
      return await work();
    } finally {
      await this.#release(uuid);
    }
  }

  /** Lets go what an earlier server held. */
  async releaseAll(): Promise<void> {
    for (const { key } of await this.#deps.store.list(prefix)) await this.#release(key.slice(prefix.length));
  }

  async #release(uuid: string): Promise<void> {
    const { store, runtime, log } = this.#deps;
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      try {
        if ((await runtime.state(uuid))?.status === 'paused') await runtime.resume(uuid);
        await store.commit({ remove: [prefix + uuid] });
        return;
      } catch (error) {
        log.error({ err: error, instance: uuid, attempt }, 'an instance that was held still could not be let go');
        await delay(attempt * retryMs);
      }
    }
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import type { Store } from '../db/store.ts';
import type { Runtime } from '../runtime/contract.ts';
import type { Instance } from './instance.ts';
import type { Supervisor } from './supervisor.ts';

/** Agents by the uuid of their instance. Both are successes where there is none. */
export interface HeldAgents {
  freeze(uuid: string): Promise<void>;
  thaw(uuid: string): Promise<void>;
}

export interface FreezerDeps {
  readonly log: Log;
  readonly store: Store;
  readonly runtime: Pick<Runtime, 'state' | 'pause' | 'resume'>;
  readonly supervisor: Pick<Supervisor, 'status'>;
  /** They live beside their instances, in cgroups of their own. */
  readonly agents: HeldAgents;
}

/** What is noted down of an instance that its user has paused: only its agent is let go. */
const agentOnly = 'agent';

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

  /**
   * Runs the work while no process of the instance runs, its agent neither: root inside may have taken that over. One that
   * is paused already stays paused.
   */
  async hold<Result>({ uuid }: Instance, work: () => Promise<Result>): Promise<Result> {
    const { store, runtime, supervisor, agents } = this.#deps;
    const status = supervisor.status(uuid);
    if (status !== 'running' && status !== 'paused') return await work();
    const resume = status === 'running';
    await store.commit({ put: [{ key: prefix + uuid, value: resume ? true : agentOnly }] });
    try {
      // The agent first: while one is being started, that needs an instance that runs.
      await agents.freeze(uuid);
      if (resume) await runtime.pause(uuid);
      return await work();
    } finally {
      await this.#release(uuid, resume);
    }
  }

  /** Lets go what an earlier server held. */
  async releaseAll(): Promise<void> {
    for (const { key, value } of await this.#deps.store.list(prefix)) {
      await this.#release(key.slice(prefix.length), value !== agentOnly);
    }
  }

  async #release(uuid: string, resume: boolean): Promise<void> {
    const { store, runtime, log, agents } = this.#deps;
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      try {
        if (resume && (await runtime.state(uuid))?.status === 'paused') await runtime.resume(uuid);
        await agents.thaw(uuid);
        await store.commit({ remove: [prefix + uuid] });
        return;
      } catch (error) {
        log.error({ err: error, instance: uuid, attempt }, 'an instance that was held still could not be let go');
        await delay(attempt * retryMs);
      }
    }
  }
}

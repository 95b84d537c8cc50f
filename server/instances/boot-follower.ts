import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import type { Task } from '../base/task.ts';
import type { Instance } from './instance.ts';

/** What the agent says of the boot: the state of the init (`running`, `degraded`) or '' when it has no notion of one. */
export interface BootState {
  readonly ready: boolean;
  readonly initState: string;
}

export interface BootFollowerDeps {
  readonly log: Log;
  /** Starts the agent when needed and asks it; may itself wait until the boot has finished. */
  readonly probe: (task: Task, instance: Instance) => Promise<BootState>;
  readonly ready: (instance: Instance, state: BootState) => void;
}

/** A boot that takes longer is not followed any further; the instance stays what it is, running and not ready. */
const maxBootMs = 15 * 60_000;
const firstRetryMs = 50;
const maxRetryMs = 2_000;

/** Work that wants a booted system begins this long after the start, come what may: a boot that hangs must be looked into. */
export const bootPatienceMs = 15_000;

interface Followed {
  readonly abort: AbortController;
  readonly startedAt: number;
  /** Aborts when it is ready, or not followed any more. */
  readonly settled: AbortController;
  state: BootState;
}

/** Follows each start to "ready": systemd says running or degraded, or the agent answers for other inits. */
export class BootFollower {
  readonly #deps: BootFollowerDeps;
  readonly #followed = new Map<string, Followed>();

  constructor(deps: BootFollowerDeps) {
    this.#deps = deps;
  }

  follow(instance: Instance): void {
    this.forget(instance.uuid);
    const followed: Followed = {
      abort: new AbortController(),
      settled: new AbortController(),
      startedAt: Date.parse(instance.startedAt),
      state: { ready: false, initState: '' },
    };
    this.#followed.set(instance.uuid, followed);
    void this.#run(instance, followed).finally(() => followed.settled.abort());
  }

  state(uuid: string): BootState {
    return this.#followed.get(uuid)?.state ?? { ready: false, initState: '' };
  }

  /** Resolves when the boot has finished, or `bootPatienceMs` after the start. Rejects when `signal` aborts. */
  async booted(uuid: string, signal: AbortSignal): Promise<void> {
    const followed = this.#followed.get(uuid);
    if (followed === undefined || followed.state.ready) return;
    // Of a start in the future the clock was set back since.
    const patienceMs = Math.min(bootPatienceMs, followed.startedAt + bootPatienceMs - Date.now());
    if (patienceMs > 0) await abortableDelay(patienceMs, AbortSignal.any([signal, followed.settled.signal]));
    signal.throwIfAborted();
  }

  forget(uuid: string): void {
    const followed = this.#followed.get(uuid);
    followed?.abort.abort();
    followed?.settled.abort();
    this.#followed.delete(uuid);
  }

  close(): void {
    for (const uuid of [...this.#followed.keys()]) this.forget(uuid);
  }

  async #run(instance: Instance, followed: Followed): Promise<void> {
    const { log, probe, ready } = this.#deps;
    const signal = AbortSignal.any([followed.abort.signal, AbortSignal.timeout(maxBootMs)]);
    const task: Task = { signal, log: log.child({ instance: instance.uuid }), report() {} };
    for (let retryMs = firstRetryMs; !signal.aborted; retryMs = Math.min(retryMs * 2, maxRetryMs)) {
      try {
        followed.state = await probe(task, instance);
      } catch (error) {
        if (signal.aborted) return;
        log.debug({ reason: Fault.from(error).message, instance: instance.uuid }, 'the agent does not answer yet');
      }
      if (followed.state.ready) {
        ready(instance, followed.state);
        return;
      }
      await abortableDelay(retryMs, signal);
    }
  }
}

async function abortableDelay(delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, delayMs);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}

import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import type { Runtime } from '../runtime/contract.ts';
import type { Instance } from './instance.ts';
import type { Supervisor } from './supervisor.ts';

/** How long a clean stop may take unless the caller says otherwise: what the field waits. */
export const defaultStopTimeoutSeconds = 600;
/** A killed init is gone at once, unless the kernel hangs in it. */
const killTimeoutMs = 30_000;

export interface StopRequest {
  readonly force: boolean;
  readonly timeoutSeconds: number;
}

/** Inits that do not react to their first signal get the next one after this. */
const nextSignalMs = 10_000;
/** A command that fails is run again: an init that is still booting may not be able to take it. */
const nextCommandMs = 1_000;

export interface StopDeps {
  readonly runtime: Pick<Runtime, 'kill' | 'resume'>;
  readonly supervisor: Supervisor;
  /** Runs a command in the instance to its end, for inits that take no signal; returns its exit code. */
  readonly command: (task: Task, instance: Instance, argv: readonly string[]) => Promise<number>;
}

export class InstanceStopper {
  readonly #deps: StopDeps;

  constructor(deps: StopDeps) {
    this.#deps = deps;
  }

  /**
   * Asks the init to shut down, or kills it, and waits until the run is cleaned up. Fault `timed-out` when it goes on
   * running (it is not killed then: only the caller knows whether its work may be lost).
   */
  async stop(task: Task, instance: Instance, request: StopRequest): Promise<void> {
    const status = this.#deps.supervisor.status(instance.uuid);
    if (status === 'stopped') throw new Fault('wrong-state', 'The instance is already stopped');
    if (status === 'paused' && !request.force) {
      throw new Fault('wrong-state', 'The instance is paused: resume it first, or use --force');
    }
    const timeoutMs = request.force ? killTimeoutMs : (request.timeoutSeconds || defaultStopTimeoutSeconds) * 1000;
    const ended = new AbortController();
    try {
      if (status === 'paused' || request.force) {
        if (status !== 'ending') await this.#signal(instance, 'SIGKILL');
        if (status === 'paused') await this.#deps.runtime.resume(instance.uuid);
      } else if (status !== 'ending') void this.#ask(task, instance, ended.signal);
      await this.#waitEnded(task, instance, timeoutMs);
    } finally {
      ended.abort();
    }
  }

  /** A failure here does not end the wait: the instance may stop for another reason, or the time runs out. */
  async #ask(task: Task, instance: Instance, ended: AbortSignal): Promise<void> {
    const halt = instance.init?.halt ?? { kind: 'signals', signals: ['SIGPWR', 'SIGTERM'] };
    try {
      if (halt.kind === 'command') {
        while ((await this.#deps.command(task, instance, halt.argv)) !== 0) {
          await delay(nextCommandMs, undefined, { signal: ended });
        }
        return;
      }
      for (const signal of halt.signals) {
        await this.#signal(instance, signal);
        await delay(nextSignalMs, undefined, { signal: ended });
      }
    } catch (error) {
      if (!ended.aborted)
        task.log.warn({ err: error, instance: instance.uuid }, 'an instance could not be asked to stop');
    }
  }

  async #signal(instance: Instance, signal: string): Promise<void> {
    try {
      await this.#deps.runtime.kill(instance.uuid, signal);
    } catch (error) {
      // It may have ended on its own since we looked.
      if (this.#deps.supervisor.status(instance.uuid) === 'running') throw error;
    }
  }

  async #waitEnded(task: Task, instance: Instance, timeoutMs: number): Promise<void> {
    const late = AbortSignal.any([task.signal, AbortSignal.timeout(timeoutMs)]);
    const { promise: interrupted, reject } = Promise.withResolvers<never>();
    const onAbort = () =>
      reject(
        task.signal.aborted
          ? Fault.from(task.signal.reason)
          : new Fault(
              'timed-out',
              `The instance did not stop within ${timeoutMs / 1000} seconds: use --force to kill it`,
            ),
      );
    late.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#deps.supervisor.ended(instance.uuid), interrupted]);
    } finally {
      late.removeEventListener('abort', onAbort);
    }
  }
}

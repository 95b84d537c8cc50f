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

export class InstanceStopper {
  readonly #runtime: Pick<Runtime, 'kill' | 'resume'>;
  readonly #supervisor: Supervisor;

  constructor(runtime: Pick<Runtime, 'kill' | 'resume'>, supervisor: Supervisor) {
    this.#runtime = runtime;
    this.#supervisor = supervisor;
  }

  /**
   * Asks the init to shut down, or kills it, and waits until the run is cleaned up. Fault `timed-out` when it goes on
   * running (it is not killed then: only the caller knows whether its work may be lost).
   */
  async stop(task: Task, instance: Instance, request: StopRequest): Promise<void> {
    const status = this.#supervisor.status(instance.uuid);
    if (status === 'stopped') throw new Fault('wrong-state', 'The instance is already stopped');
    if (status === 'paused' && !request.force) {
      throw new Fault('wrong-state', 'The instance is paused: resume it first, or use --force');
    }
    if (status !== 'ending') await this.#signal(instance, request.force);
    if (status === 'paused') await this.#runtime.resume(instance.uuid);
    const timeoutMs = request.force ? killTimeoutMs : (request.timeoutSeconds || defaultStopTimeoutSeconds) * 1000;
    await this.#waitEnded(task, instance, timeoutMs);
  }

  async #signal(instance: Instance, force: boolean): Promise<void> {
    try {
      await this.#runtime.kill(instance.uuid, force ? 'SIGKILL' : (instance.init?.haltSignal ?? 'SIGPWR'));
    } catch (error) {
      // It may have ended on its own since we looked.
      if (this.#supervisor.status(instance.uuid) === 'running') throw error;
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
      await Promise.race([this.#supervisor.ended(instance.uuid), interrupted]);
    } finally {
      late.removeEventListener('abort', onAbort);
    }
  }
}

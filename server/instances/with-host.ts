import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import { hasEnded, type OperationView } from '../operations/operation.ts';
import type { Operations } from '../operations/operations.ts';
import { type Holding, startOrder, stopOrder } from './host-order.ts';
import type { Expanded, Instance } from './instance.ts';
import type { InstanceRecords } from './instance-records.ts';
import type { InstanceStopper } from './stop-instance.ts';
import type { Supervisor } from './supervisor.ts';

export interface WithHostDeps {
  readonly log: Log;
  readonly records: Pick<InstanceRecords, 'list' | 'update'>;
  readonly expanded: (instance: Instance) => Promise<Expanded>;
  readonly supervisor: Pick<Supervisor, 'status'>;
  readonly stopper: Pick<InstanceStopper, 'stop'>;
  readonly operations: Pick<Operations, 'watch'>;
  readonly start: (project: string, name: string) => Promise<OperationView>;
}

/** Starts and stops all instances together with the server, each in its turn. */
export class WithHost {
  readonly #deps: WithHostDeps;

  constructor(deps: WithHostDeps) {
    this.#deps = deps;
  }

  /** Never fails: an instance that does not start is logged, and the next one has its turn. Ends early by `signal`. */
  async startAll(instances: readonly Instance[], signal: AbortSignal): Promise<void> {
    const { serial, rest } = startOrder(await this.#holding(instances));
    try {
      for (const { instance, delaySeconds } of serial) {
        signal.throwIfAborted();
        await this.#start(instance, signal);
        if (delaySeconds > 0) await delay(delaySeconds * 1000, undefined, { signal });
      }
      signal.throwIfAborted();
      await Promise.all(rest.map((instance) => this.#start(instance, signal)));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /**
   * Stops all running instances, asking first and killing those that do not stop in time; the next server starts them
   * again. Waits for each; one that cannot be stopped does not keep the rest. `timeoutSeconds`: as for `stopOrder`.
   */
  async stopAll(timeoutSeconds: number): Promise<void> {
    const { records, supervisor } = this.#deps;
    const running = (await records.list()).filter(({ uuid }) => supervisor.status(uuid) !== 'stopped');
    for (const batch of stopOrder(await this.#holding(running), timeoutSeconds)) {
      await Promise.all(batch.map((one) => this.#stop(one.instance, one.timeoutSeconds)));
    }
  }

  async #start(instance: Instance, signal: AbortSignal): Promise<void> {
    try {
      const { id } = await this.#deps.start(instance.project, instance.name);
      for await (const view of this.#deps.operations.watch(id, signal)) {
        if (hasEnded(view)) return; // a failure is in the log, as that of every operation
      }
    } catch (error) {
      this.#deps.log.warn({ err: error, instance: instance.uuid }, 'an instance could not be started with the server');
    }
  }

  async #stop(instance: Instance, timeoutSeconds: number): Promise<void> {
    const { records, stopper, log } = this.#deps;
    const stop = (force: boolean) => stopper.stop(ownTask(log), instance, { force, timeoutSeconds });
    try {
      if (timeoutSeconds === 0) await stop(true);
      else await stop(false).catch(() => stop(true));
      await records.update(instance, { power: 'running' });
    } catch (error) {
      log.warn({ err: error, instance: instance.uuid }, 'an instance could not be stopped');
    }
  }

  /** An instance whose profiles cannot be read has its turn too. */
  async #holding(instances: readonly Instance[]): Promise<Holding[]> {
    return await Promise.all(
      instances.map(async (instance) => {
        const expanded = await this.#deps.expanded(instance).catch(() => ({ config: instance.config, devices: {} }));
        return { instance, expanded };
      }),
    );
  }
}

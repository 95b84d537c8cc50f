import type { Log } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import type { InstanceDevices } from '../devices/instance-devices.ts';
import type { PlannedDevice } from '../devices/plan-devices.ts';
import type { ExitReason, Runtime } from '../runtime/contract.ts';
import type { StorageDriver } from '../storage/contract.ts';
import type { Expanded, Instance } from './instance.ts';
import type { InstanceRecords } from './instance-records.ts';
import type { LimitsApplier } from './limits/limits-applier.ts';

export interface SupervisorDeps {
  readonly log: Log;
  readonly records: InstanceRecords;
  readonly expanded: (instance: Instance) => Promise<Expanded>;
  readonly pool: (name: string) => StorageDriver;
  readonly devices: InstanceDevices;
  readonly runtime: Pick<Runtime, 'waitExit' | 'delete'>;
  readonly limits: Pick<LimitsApplier, 'release'>;
  readonly forgetAgent: (uuid: string) => Promise<void>;
  /** Called after an instance has ended and everything of that run is gone. */
  readonly ended: (instance: Instance, reason: ExitReason) => void;
}

interface Live {
  readonly instance: Instance;
  readonly ended: Promise<ExitReason>;
  paused: boolean;
  /** Init is gone, what the run left behind is being removed. */
  ending: boolean;
}

/**
 * Watches the init of every running instance. However an instance ends (asked to, killed, from inside), this is the one
 * place that cleans up after the run: container, links, mount, agent, record.
 */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #live = new Map<string, Live>();
  readonly #stop = new AbortController();

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
  }

  /** Begins to watch a running instance. */
  watch(instance: Instance, paused = false): void {
    const live: Live = { instance, ended: this.#follow(instance), paused, ending: false };
    this.#live.set(instance.uuid, live);
    live.ended.catch((error: unknown) => {
      if (!this.#stop.signal.aborted)
        this.#deps.log.error({ err: error, instance: instance.uuid }, 'cannot watch an instance');
    });
  }

  status(uuid: string): 'running' | 'paused' | 'ending' | 'stopped' {
    const live = this.#live.get(uuid);
    if (live === undefined) return 'stopped';
    if (live.ending) return 'ending';
    return live.paused ? 'paused' : 'running';
  }

  setPaused(uuid: string, paused: boolean): void {
    const live = this.#live.get(uuid);
    if (live !== undefined) live.paused = paused;
  }

  /** Resolves when the present run has ended and is cleaned up; at once when there is none. */
  async ended(uuid: string): Promise<ExitReason | undefined> {
    return await this.#live.get(uuid)?.ended;
  }

  runningUuids(): string[] {
    return [...this.#live.keys()];
  }

  /** Stops watching; the instances live on. */
  close(): void {
    this.#stop.abort();
  }

  async #follow(instance: Instance): Promise<ExitReason> {
    const reason = await this.#deps.runtime.waitExit(instance.uuid, this.#stop.signal);
    const live = this.#live.get(instance.uuid);
    if (live !== undefined) live.ending = true;
    // It may have been changed since it started: other devices, another name, ephemeral now.
    const now = await this.#recorded(instance);
    await this.cleanUp(now);
    this.#live.delete(instance.uuid);
    this.#deps.ended(now, reason);
    return reason;
  }

  async #recorded(instance: Instance): Promise<Instance> {
    try {
      const found = await this.#deps.records.find(instance.project, instance.name);
      return found?.uuid === instance.uuid ? found : instance;
    } catch (error) {
      this.#deps.log.warn({ err: error, instance: instance.uuid }, 'the record of an ended instance cannot be read');
      return instance;
    }
  }

  /** What the instance has by its configuration; nothing when that cannot be told (a network or profile is broken). */
  async #planned(instance: Instance): Promise<PlannedDevice[]> {
    const { devices, expanded, log } = this.#deps;
    try {
      return devices.plan(instance, (await expanded(instance)).devices);
    } catch (error) {
      log.warn({ err: error, instance: instance.uuid }, 'only devices that were noted down are removed');
      return [];
    }
  }

  /** Removes what a run of the instance left. Each step is idempotent, and one that fails does not keep the rest. */
  async cleanUp(instance: Instance): Promise<void> {
    const { runtime, devices, records, log } = this.#deps;
    const task = ownTask(log);
    const steps: [string, () => Promise<unknown>][] = [
      ['delete the container', () => runtime.delete(instance.uuid)],
      ['give its processors to the others', () => this.#deps.limits.release(instance.uuid)],
      ['forget the agent', () => this.#deps.forgetAgent(instance.uuid)],
      ['remove the devices', async () => devices.removeAll(task, instance, await this.#planned(instance))],
      ['unmount the root', async () => this.#deps.pool(instance.pool).unmountInstance(instance.uuid)],
      ['record the end', () => records.update(instance, { power: 'stopped' })],
    ];
    for (const [what, step] of steps) {
      try {
        await step();
      } catch (error) {
        log.warn({ err: error, instance: instance.uuid, step: what }, 'a step after the end of an instance failed');
      }
    }
  }
}

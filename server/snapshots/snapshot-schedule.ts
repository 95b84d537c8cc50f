import { parseBoolean } from '../base/config-key.ts';
import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import { isDue, isDueAtStart } from '../base/schedule.ts';
import { ownTask, type Task } from '../base/task.ts';
import type { Expanded, Instance } from '../instances/instance.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import type { Supervisor } from '../instances/supervisor.ts';
import type { Snapshots } from './snapshots.ts';

export interface ScheduleDeps {
  readonly log: Log;
  readonly records: InstanceRecords;
  readonly expanded: (instance: Instance) => Promise<Expanded>;
  readonly supervisor: Pick<Supervisor, 'status'>;
  readonly snapshots: Pick<Snapshots, 'create' | 'createHeld' | 'sweep'>;
}

/** As the field does: schedules know no seconds. */
const intervalMs = 60_000;

/** Takes the snapshots that `snapshots.schedule` asks for, and removes those that have expired. */
export class SnapshotSchedule implements Disposable {
  readonly #deps: ScheduleDeps;
  #timer: NodeJS.Timeout | undefined;
  #last = new Date();

  constructor(deps: ScheduleDeps) {
    this.#deps = deps;
  }

  /** Begins to look every minute. */
  begin(): void {
    void this.#tick(() => false); // what has expired meanwhile
    this.#timer ??= setInterval(() => {
      const [since, now] = [this.#last, new Date()];
      this.#last = now;
      void this.#tick((schedule) => isDue(schedule, since, now));
    }, intervalMs).unref();
  }

  /** What is due when a moment has come: called every minute, and by tests. */
  async run(due: (schedule: string) => boolean, now: Date): Promise<void> {
    const { log, records, snapshots } = this.#deps;
    await snapshots.sweep(ownTask(log), now);
    for (const instance of await records.list()) {
      if (instance.phase === 'ready' && (await this.#wants(instance, due))) await this.#take(instance);
    }
  }

  /**
   * What is due at a start of the instance, which the caller holds. A snapshot that cannot be taken keeps nobody from it; none
   * is taken of what `check` finds cannot start: each attempt would leave one.
   */
  async beforeStart(task: Task, instance: Instance, check: () => Promise<unknown>): Promise<void> {
    const { config } = await this.#deps.expanded(instance);
    if (!isDueAtStart(config['snapshots.schedule'] ?? '')) return;
    await check();
    try {
      await this.#deps.snapshots.createHeld(task, instance);
    } catch (error) {
      task.signal.throwIfAborted();
      this.#notTaken(instance, error);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #tick(due: (schedule: string) => boolean): Promise<void> {
    try {
      await this.run(due, new Date());
    } catch (error) {
      this.#deps.log.error({ err: error }, 'the schedule of snapshots could not be followed');
    }
  }

  async #wants(instance: Instance, due: (schedule: string) => boolean): Promise<boolean> {
    const { config } = await this.#deps.expanded(instance);
    if (!due(config['snapshots.schedule'] ?? '')) return false;
    const whenStopped = parseBoolean(config['snapshots.schedule.stopped'] ?? '') === true;
    return whenStopped || this.#deps.supervisor.status(instance.uuid) !== 'stopped';
  }

  /** One that cannot be taken now is not taken: the next moment will come. */
  async #take(instance: Instance): Promise<void> {
    const { project, name } = instance;
    try {
      await this.#deps.snapshots.create({
        ...{ project, instance: name },
        ...{ name: '', expiry: '', noExpiry: false, reuse: false },
      });
    } catch (error) {
      this.#notTaken(instance, error);
    }
  }

  #notTaken({ uuid }: Instance, error: unknown): void {
    this.#deps.log.warn({ reason: Fault.from(error).message, instance: uuid }, 'a scheduled snapshot was not taken');
  }
}

import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import type { Task } from '../base/task.ts';
import type { Change } from '../db/store.ts';
import type { ChangeJournal } from './change-journal.ts';
import { type Expanded, type Instance, resourceOf } from './instance.ts';
import type { LiveApplier, LiveChange } from './live-change.ts';
import type { Supervisor } from './supervisor.ts';

export interface LiveChangesDeps {
  readonly appliers: readonly LiveApplier[];
  readonly supervisor: Pick<Supervisor, 'status'>;
  readonly journal: ChangeJournal;
}

/** Makes all running instances that a change touches follow it, each side of each of them, or none. */
export class LiveChanges {
  readonly #deps: LiveChangesDeps;

  constructor(deps: LiveChangesDeps) {
    this.#deps = deps;
  }

  /** The changes that need to be applied: those of instances that run. Faults of what the appliers know beforehand. */
  async check(changes: readonly LiveChange[]): Promise<LiveChange[]> {
    const running = changes.filter(({ instance }) => this.#isRunning(instance.uuid));
    for (const change of running) {
      for (const applier of this.#deps.appliers) {
        await during(change, () => applier.check(change));
      }
    }
    return running;
  }

  /**
   * Applies what `check` returned. Each step is on `revert`: whoever fails later leaves the instances as they were.
   * What it returns belongs into the commit that records the change.
   */
  async apply(task: Task, revert: Revert, changes: readonly LiveChange[]): Promise<Change> {
    const { journal, appliers } = this.#deps;
    const ended = await journal.begin(changes);
    if (changes.length > 0) revert.push('forget the change', () => journal.end(ended));
    // One side of all of them after another: the last side is what is least like before when it was undone.
    for (const applier of appliers) {
      for (const change of changes) {
        task.signal.throwIfAborted();
        await during(change, () => applier.apply(task, revert, change));
      }
    }
    for (const { instance } of changes) {
      // What was made for a run that is over must go, and its cleanup knows only what was recorded.
      if (!this.#isRunning(instance.uuid)) {
        throw new Fault('conflict', `${resourceOf(instance)} stopped while it was being changed`);
      }
    }
    return ended;
  }

  /**
   * After a start of the server: makes instances that an earlier one was changing when it was killed follow what is
   * recorded. A side that fails is logged and the rest still follow.
   */
  async recover(task: Task, instances: readonly Instance[], expanded: (instance: Instance) => Promise<Expanded>) {
    const { journal, appliers } = this.#deps;
    for (const { uuid, after: attempted } of await journal.list()) {
      const instance = instances.find((one) => one.uuid === uuid);
      if (instance !== undefined && this.#isRunning(uuid)) {
        for (const applier of appliers) {
          await using revert = new Revert(task.log);
          try {
            await applier.apply(task, revert, { instance, before: attempted, after: await expanded(instance) });
            revert.commit();
          } catch (error) {
            task.log.error({ err: error, instance: uuid }, 'an instance does not follow its configuration');
          }
        }
      }
      await journal.forget(uuid);
    }
  }

  #isRunning(uuid: string): boolean {
    const status = this.#deps.supervisor.status(uuid);
    return status === 'running' || status === 'paused';
  }
}

async function during({ instance }: LiveChange, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    throw Fault.during(`Cannot change instance "${instance.name}"`, error);
  }
}

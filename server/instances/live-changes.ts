import { Fault } from '../base/fault.ts';
import type { Revert } from '../base/revert.ts';
import type { Task } from '../base/task.ts';
import { resourceOf } from './instance.ts';
import type { LiveApplier, LiveChange } from './live-change.ts';
import type { Supervisor } from './supervisor.ts';

export interface LiveChangesDeps {
  readonly appliers: readonly LiveApplier[];
  readonly supervisor: Pick<Supervisor, 'status'>;
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

  /** Applies what `check` returned. Each step is on `revert`: whoever fails later leaves the instances as they were. */
  async apply(task: Task, revert: Revert, changes: readonly LiveChange[]): Promise<void> {
    for (const change of changes) {
      for (const applier of this.#deps.appliers) {
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

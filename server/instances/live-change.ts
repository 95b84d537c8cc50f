import type { Revert } from '../base/revert.ts';
import type { Task } from '../base/task.ts';
import type { Expanded, Instance } from './instance.ts';

/** A change of what holds for an instance that runs: through its own configuration, or through a profile's. */
export interface LiveChange {
  /** As it will be recorded. */
  readonly instance: Instance;
  readonly before: Expanded;
  readonly after: Expanded;
}

/** Makes one side of a running instance (its limits, its devices) follow a change of its configuration. */
export interface LiveApplier {
  /** Faults of all that can be known before anything changes: `invalid`, `unsupported`, `in-use`. Changes nothing. */
  check(change: LiveChange): Promise<void>;
  /**
   * Makes the instance follow. Each step pushes its undo on `revert`, which belongs to the whole update: when a later
   * applier or the record's commit fails, the instance is as it was.
   *
   * It is also called after a server was killed in the middle of an update: `before` is then what was being applied,
   * and any part of it may be there or not. Removing what is not there, or setting what is set, is no failure.
   */
  apply(task: Task, revert: Revert, change: LiveChange): Promise<void>;
}

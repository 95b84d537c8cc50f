import type { Log } from './log.ts';

interface Undo {
  readonly what: string;
  readonly run: () => Promise<void> | void;
}

/**
 * The undo stack of one multi-step action. Each step that changed something pushes its undo; leaving the scope without
 * `commit()` runs them, newest first. An undo that throws is logged and the rest still run: the user sees the error that
 * made the action fail, never one of the cleanup.
 *
 *     await using revert = new Revert(log);
 *     await pool.createVolume(id);
 *     revert.push('delete the volume', () => pool.deleteVolume(id));
 *     …
 *     revert.commit();
 */
export class Revert implements AsyncDisposable {
  readonly #log: Log;
  #undos: Undo[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  push(what: string, run: () => Promise<void> | void): void {
    this.#undos.push({ what, run });
  }

  /** The action is complete: nothing is undone any more. */
  commit(): void {
    this.#undos = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const undos = this.#undos.reverse();
    this.#undos = [];
    for (const undo of undos) {
      try {
        await undo.run();
      } catch (error) {
        this.#log.warn({ err: error, undo: undo.what }, 'a step could not be undone');
      }
    }
  }
}

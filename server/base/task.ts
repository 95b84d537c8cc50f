import type { Log } from './log.ts';

/** How far a piece of long work has come. `done` and `total` are in `unit`; `total` is absent while it is unknown. */
export interface Progress {
  /** What is happening, in the words of the user: `Unpacking image`. */
  readonly stage: string;
  readonly done?: number;
  readonly total?: number;
  readonly unit?: 'bytes' | 'items' | 'percent';
}

/**
 * What belongs to one request or operation: passed explicitly as first argument to whatever may take long.
 * `signal` aborts when the caller or another client cancels, or when the server shuts down.
 */
export interface Task {
  readonly signal: AbortSignal;
  readonly log: Log;
  report(progress: Progress): void;
}

/** A task of the server's own, for work that no client asked for and none can cancel. */
export function ownTask(log: Log): Task {
  return { signal: new AbortController().signal, log, report() {} };
}

import { Fault } from '../base/fault.ts';
import type { Entry, Removed } from './store.ts';

/** A watcher that lags further behind is told so instead of filling the memory. */
const maxQueuedChanges = 10_000;

interface Watcher {
  readonly prefix: string;
  readonly queue: (Entry | Removed)[];
  wake: () => void;
  overflowed: boolean;
}

/** Hands each committed change to the watchers of its prefix. */
export class ChangeFeed {
  readonly #watchers = new Set<Watcher>();

  publish(change: Entry | Removed): void {
    for (const watcher of this.#watchers) {
      if (!change.key.startsWith(watcher.prefix)) continue;
      if (watcher.queue.length >= maxQueuedChanges) watcher.overflowed = true;
      else watcher.queue.push(change);
      watcher.wake();
    }
  }

  /** Subscribes at once, not at the first `next()`: no change after the call is missed. */
  watch(prefix: string, signal: AbortSignal): AsyncIterable<Entry | Removed> {
    const watcher: Watcher = { prefix, queue: [], wake: () => {}, overflowed: false };
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => watcher.wake(), { once: true });
    return this.#drain(watcher, signal);
  }

  async *#drain(watcher: Watcher, signal: AbortSignal): AsyncGenerator<Entry | Removed> {
    try {
      while (!signal.aborted) {
        const next = watcher.queue.shift();
        if (next !== undefined) yield next;
        else if (watcher.overflowed) throw new Fault('exhausted', `The watch of ${watcher.prefix} fell behind`);
        else await new Promise<void>((resolve) => (watcher.wake = resolve));
      }
    } finally {
      this.#watchers.delete(watcher);
    }
  }
}

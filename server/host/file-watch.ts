import { type FSWatcher, watch } from 'node:fs';
import { errnoOf } from '../base/fault.ts';

/** How often to look when the kernel gives no more watches (fs.inotify.max_user_watches). */
const pollMs = 1000;

/**
 * Wakes up whenever one of the watched files or directories may have changed; several changes at once wake up once. A
 * change between two calls of `next` is not lost. inotify(7); the control files of cgroups report their changes too.
 */
export class FileWatch implements Disposable {
  #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  /** Watches a file, or the entries of a directory (only `entry`, if given). What does not exist is not watched. */
  add(path: string, entry?: string): void {
    const onChange = (_event: string, name: string | null) => {
      if (entry === undefined || name === null || name === entry) this.#notify();
    };
    try {
      this.#watchers.push(watch(path, onChange).on('error', () => this.#notify()));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      this.#timer ??= setInterval(() => this.#notify(), pollMs).unref();
    }
  }

  /** Resolves at the next change, or at once when there was one since the last call: true. False when `signal` aborts. */
  async next(signal: AbortSignal): Promise<boolean> {
    if (!this.#changed && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const onAbort = () => resolve();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#wake = resolve;
      await promise;
      signal.removeEventListener('abort', onAbort);
      this.#wake = undefined;
    }
    this.#changed = false;
    return !signal.aborted;
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
    clearInterval(this.#timer);
  }

  #notify(): void {
    this.#changed = true;
    this.#wake?.();
  }
}

import { type FSWatcher, watch } from 'node:fs';

/** How often to look when the kernel gives no more watches (fs.inotify.max_user_watches). */
const pollMs = 1000;

/** Wakes up whenever something may have changed; several changes at once wake up once. */
export class ExitWatch implements Disposable {
  #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  /** Watches a directory's entries or a file's changes. What does not exist is not watched. */
  add(path: string): void {
    try {
      this.#watchers.push(watch(path, () => this.#notify()).on('error', () => this.#notify()));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      this.#timer ??= setInterval(() => this.#notify(), pollMs).unref();
    }
  }

  /** Resolves at the next change, or at once when there was one since the last call. Rejects when `signal` aborts. */
  async next(signal: AbortSignal): Promise<void> {
    if (!this.#changed) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#wake = resolve;
      try {
        await promise;
      } finally {
        signal.removeEventListener('abort', onAbort);
        this.#wake = undefined;
      }
    }
    this.#changed = false;
  }

  #notify(): void {
    this.#changed = true;
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
    clearInterval(this.#timer);
  }
}

import { stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Log } from '../base/log.ts';
import { FileWatch } from './file-watch.ts';

export interface SourceWatchDeps {
  readonly log: Log;
  /** Some of what the instance waits for may have come, gone or been exchanged. Failures are logged. */
  readonly changed: (uuid: string) => Promise<void>;
}

/** Sources of the host that devices of running instances can do without, watched for when they come and go. */
export class SourceWatch implements Disposable {
  readonly #deps: SourceWatchDeps;
  readonly #watched = new Map<string, { readonly paths: string; readonly stop: AbortController }>();

  constructor(deps: SourceWatchDeps) {
    this.#deps = deps;
  }

  /** Watches these paths for an instance, instead of those before; what happened until now counts as a change. */
  set(uuid: string, paths: readonly string[]): void {
    const key = JSON.stringify(paths);
    const before = this.#watched.get(uuid);
    if (before?.paths === key) return;
    before?.stop.abort();
    this.#watched.delete(uuid);
    if (paths.length === 0) return;
    const stop = new AbortController();
    this.#watched.set(uuid, { paths: key, stop });
    void this.#follow(uuid, paths, stop.signal);
  }

  [Symbol.dispose](): void {
    for (const { stop } of this.#watched.values()) stop.abort();
    this.#watched.clear();
  }

  async #follow(uuid: string, paths: readonly string[], signal: AbortSignal): Promise<void> {
    const { log, changed } = this.#deps;
    let known: string | undefined;
    while (!signal.aborted) {
      try {
        using watch = new FileWatch();
        const before = await Promise.all(paths.map(lookAt));
        for (const { nearest, next } of before) watch.add(nearest, next);
        const seen = JSON.stringify(await Promise.all(paths.map(lookAt)));
        if (seen !== JSON.stringify(before)) continue; // it may have come before the watch did
        if (seen !== known && !signal.aborted) {
          known = seen;
          await changed(uuid).catch((error: unknown) => {
            log.warn({ err: error, instance: uuid }, 'devices could not follow their sources');
          });
        }
        await watch.next(signal);
      } catch (error) {
        log.error({ err: error, instance: uuid }, 'sources of devices are no longer watched');
        return;
      }
    }
  }
}

/** Where a change of a path shows first: in the nearest directory that exists, or where the path is. */
async function lookAt(path: string): Promise<{ nearest: string; next: string; found: string | undefined }> {
  const found = await identityOf(path);
  let nearest = dirname(path);
  while (nearest !== '/' && (await identityOf(nearest)) === undefined) nearest = dirname(nearest);
  const [next = ''] = relative(nearest, path).split('/');
  return { nearest: join(nearest), next, found };
}

async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, rdev } = await stat(path, { bigint: true });
    return [dev, ino, rdev].join(':');
  } catch {
    return undefined; // whatever keeps us from looking: it cannot be used either
  }
}

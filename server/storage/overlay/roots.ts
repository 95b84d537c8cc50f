import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, Fault } from '../../base/fault.ts';
import { type IdMap, isIdentity, rangesBetween } from '../../base/id-map.ts';
import { Revert } from '../../base/revert.ts';
import type { Task } from '../../base/task.ts';
import type { Mounts } from '../../host/mounts.ts';
import type { UserNamespaces } from '../../host/user-namespaces.ts';
import type { Place, PoolDirectory } from '../pool-directory.ts';
import { attributesOf, places } from './layout.ts';
import { overlayOptions, readOnlyOptions } from './mount-options.ts';
import { topLayer, type Volume } from './volume.ts';

export interface RootsDeps {
  readonly label: string;
  readonly pool: PoolDirectory;
  readonly mounts: Mounts;
  readonly namespaces: Pick<UserNamespaces, 'open'>;
}

/**
 * How long an upper may still belong to an earlier overlay: that of a container which has just ended, while the kernel writes
 * it out, or one of which another mount namespace has a copy.
 */
const inUseTimeoutMs = 60_000;
const inUseRetryMs = 10;
/** Mounts on one directory; more are none of ours. */
const maxStackedMounts = 16;

/** The mounts of roots. */
export class Roots {
  readonly #deps: RootsDeps;
  /** Overlays that are unmounted and that the kernel still writes out: nothing may use their upper. */
  readonly #settling = new Map<string, Promise<void>>();

  constructor(deps: RootsDeps) {
    this.#deps = deps;
  }

  path(id: string): string {
    return this.#deps.pool.path(places.root(id));
  }

  async isMounted(id: string): Promise<boolean> {
    return await this.#deps.mounts.isMountPoint(this.path(id));
  }

  /** Mounts the layers with the ids of the last. Errno ESTALE: that layer began its life on others than these. */
  async mount(task: Task, id: string, volume: Volume): Promise<void> {
    const { label, pool, mounts } = this.#deps;
    const top = topLayer(volume);
    await this.#settled(id, task.signal);
    await using cleanUp = new Revert(task.log); // never committed: an overlay has copies of what it was made of
    const below = { ...volume, layers: volume.layers.slice(0, -1) };
    const lower = await this.#lower(cleanUp, places.lower(id), below, top.idMap);
    const request = {
      label,
      lower,
      upper: { diff: pool.path(places.diff(top.id)), work: pool.path(places.work(top.id)) },
      target: this.path(id),
      options: overlayOptions,
      // Device nodes of an image or a stolen disk must not work; a root that is the host's root may make its own.
      devices: top.idMap.hostBase === 0,
    };
    const giveUpAt = Date.now() + inUseTimeoutMs;
    for (;;) {
      task.signal.throwIfAborted();
      try {
        return await mounts.overlay(request);
      } catch (error) {
        if (Fault.from(error).code !== 'in-use' || Date.now() > giveUpAt) throw error;
        await delay(inUseRetryMs, undefined, { signal: task.signal });
      }
    }
  }

  /**
   * Shows what the layers hold, read-only and with the ids of `idMap`, on `at/root`, until `cleanUp` is disposed of. `at` is a
   * directory of the caller's own.
   */
  async show(task: Task, cleanUp: Revert, volume: Volume, idMap: IdMap, at: Place): Promise<Place> {
    const { label, pool, mounts } = this.#deps;
    const [target, attached, empty] = [
      [...at, 'root'],
      [...at, 'lower'],
      [...at, 'empty'],
    ];
    for (const place of [target, attached, empty]) await pool.makeDirectory(place, attributesOf.private);
    await using layers = new Revert(task.log); // never committed, as in `mount`
    // An overlay without an upper needs two layers: the empty one makes it so for a stack of one.
    const lower = [...(await this.#lower(layers, attached, volume, idMap)), pool.path(empty)];
    await mounts.overlay({ label, lower, target: pool.path(target), options: readOnlyOptions, devices: false });
    cleanUp.push('take away a look at a root', async () => {
      await (await mounts.unmount(pool.path(target))).settled;
    });
    return target;
  }

  async unmount(id: string): Promise<void> {
    const { mounts } = this.#deps;
    for (let count = 0; count < maxStackedMounts && (await this.isMounted(id)); count += 1) {
      const { settled } = await mounts.unmount(this.path(id));
      const all = Promise.all([this.#settling.get(id), settled]).then(() => {
        if (this.#settling.get(id) === all) this.#settling.delete(id);
      });
      this.#settling.set(id, all);
    }
  }

  /** Resolves when the kernel has written out what was unmounted. */
  async settled(): Promise<void> {
    await Promise.all(this.#settling.values());
  }

  async #settled(id: string, signal: AbortSignal): Promise<void> {
    const settling = this.#settling.get(id);
    if (settling === undefined) return;
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(Fault.from(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([settling, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Paths of the layers, the topmost first; those stored with other ids behind a mount on `at` that maps them. */
  async #lower(cleanUp: Revert, at: Place, { image, layers }: Volume, idMap: IdMap): Promise<string[]> {
    const { pool, mounts } = this.#deps;
    const stored: { place: Place; ids: IdMap }[] = layers
      .map((layer) => ({ place: places.diff(layer.id), ids: layer.idMap }))
      .reverse();
    if (image !== undefined) {
      stored.push({ place: places.imageRoot(image), ids: { hostBase: 0, size: idMap.size } });
    }
    const paths: string[] = [];
    for (const { place, ids } of stored) {
      const path = pool.path(place);
      const ranges = rangesBetween(ids, idMap);
      if (isIdentity(ranges)) {
        paths.push(path);
        continue;
      }
      using namespace = await this.#deps.namespaces.open(ranges);
      const bind = await mounts.bindMapped(path, pool.path(at), namespace.fd);
      cleanUp.push('detach a layer', async () => await bind[Symbol.asyncDispose]());
      paths.push(bind.path);
    }
    return paths;
  }
}

/** Whether the kernel says that an upper does not belong on these lower layers. */
export function isForeignUpper(error: unknown): boolean {
  return errnoOf(error) === 'ESTALE';
}

import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import type { Task } from '../base/task.ts';
import type { StorageDriver } from '../storage/contract.ts';
import type { Original } from './copy-instance.ts';
import type { Instance } from './instance.ts';
import type { InstanceRecords } from './instance-records.ts';
import type { Supervisor } from './supervisor.ts';
import type { InstanceMetadataRecords } from './templates/instance-metadata.ts';
import { applyTemplateKey, withPendingTrigger } from './templates/pending-trigger.ts';

/** What is kept of an instance, as far as a copy takes it over. */
export interface KeptOriginal {
  readonly uuid: string;
  readonly kept: Omit<Original, 'pool'>;
}

export interface RefreshRequest {
  readonly source: Instance;
  /** Empty: the instance as it is. */
  readonly snapshot: string;
  readonly target: Instance;
  /** Leaves the snapshots of the copy alone. */
  readonly instanceOnly: boolean;
}

export interface RefreshDeps {
  readonly records: InstanceRecords;
  readonly pool: (name: string) => StorageDriver;
  readonly metadata: Pick<InstanceMetadataRecords, 'follow'>;
  readonly supervisor: Pick<Supervisor, 'status'>;
  /** Ends whatever else has the root of a stopped instance mounted. */
  readonly freeRoot: (instance: Instance) => Promise<void>;
  /** Fault `not-found`. */
  readonly snapshot: (instance: Instance, name: string) => Promise<KeptOriginal>;
  /** Undefined when it does not exist any more. */
  readonly snapshotById: (instance: string, uuid: string) => Promise<KeptOriginal | undefined>;
  /** Keeps what an instance is now while `use` runs; a server that dies meanwhile removes it when it starts. */
  readonly whileKept: <Result>(
    task: Task,
    instance: Instance,
    use: (kept: KeptOriginal) => Promise<Result>,
  ) => Promise<Result>;
  /**
   * Begins to make the snapshots of `to` those of `from`: what is missing is copied, and undone when a later step fails.
   * Calling what it returns makes it true.
   */
  readonly followSnapshots: (task: Task, revert: Revert, from: Instance, to: Instance) => Promise<() => Promise<void>>;
}

/** Brings copies of instances up to date: their roots and snapshots. Configuration, devices and addresses stay their own. */
export class InstanceRefresher {
  readonly #deps: RefreshDeps;

  constructor(deps: RefreshDeps) {
    this.#deps = deps;
  }

  /** Fault `wrong-state` for a copy that runs. */
  checkTarget(target: Instance): void {
    if (this.#deps.supervisor.status(target.uuid) !== 'stopped') {
      throw new Fault('wrong-state', `Cannot refresh instance "${target.name}": it is running, stop it first`);
    }
  }

  /** Faults: `wrong-state` for a copy that runs, `not-found`, `invalid`, `unsupported`. */
  async check({ source, snapshot, target }: RefreshRequest): Promise<void> {
    if (source.uuid === target.uuid) throw new Fault('invalid', 'Source and target are the same instance');
    this.checkTarget(target);
    if (source.pool !== target.pool) {
      throw new Fault('unsupported', `Copies stay in their storage pool: "${source.pool}", not "${target.pool}"`);
    }
    if (snapshot !== '') await this.#deps.snapshot(source, snapshot);
  }

  /**
   * What is under way is recorded before the root changes: a server that finds it goes on. Undoes itself on failure. The
   * caller holds both instances.
   */
  async refresh(task: Task, request: RefreshRequest): Promise<Instance> {
    const { freeRoot, snapshot, whileKept, followSnapshots } = this.#deps;
    await this.check(request);
    const { source, target } = request;
    await freeRoot(target);
    if (request.snapshot !== '') return await this.#follow(task, request, await snapshot(source, request.snapshot));
    return await whileKept(task, source, async (kept) => {
      if (request.instanceOnly) return await this.#follow(task, request, kept);
      await using revert = new Revert(task.log);
      const settle = await followSnapshots(task, revert, source, target);
      const refreshed = await this.#follow(task, request, kept);
      revert.commit();
      await settle();
      return refreshed;
    });
  }

  /** Goes on with what an earlier server began. Snapshots that it did not come to, the next refresh brings. */
  async finish(task: Task, target: Instance): Promise<void> {
    const { records, pool, metadata, snapshotById } = this.#deps;
    const { pending } = target;
    if (pending?.kind !== 'refresh') return;
    const kept = await snapshotById(pending.source, pending.snapshot);
    if (kept === undefined) {
      task.log.warn({ instance: target.uuid }, 'the refreshing of a copy cannot go on: its source has gone');
    } else {
      task.log.info({ instance: target.uuid }, 'going on with the refreshing of a copy');
      if (pending.newImage) await metadata.follow(kept, target);
      await pool(target.pool).unmountInstance(target.uuid);
      await pool(target.pool).restoreSnapshot(task, target.uuid, kept.uuid, target.idMap);
    }
    await records.update(target, { pending: undefined });
  }

  /** Gives the copy the root that was kept, and what is recorded of that. */
  async #follow(task: Task, { source, target }: RefreshRequest, { uuid, kept }: KeptOriginal): Promise<Instance> {
    const { records, pool, metadata } = this.#deps;
    const newImage = kept.image.fingerprint !== target.image.fingerprint;
    const { config, image, architecture } = target;
    await using revert = new Revert(task.log);
    revert.push('record what it was', async () => {
      await records.update(target, { config, image, architecture, pending: undefined });
    });
    await records.update(target, {
      ...{ config: configOf(target, kept), image: kept.image, architecture: kept.architecture },
      pending: { kind: 'refresh', source: source.uuid, snapshot: uuid, newImage, start: false },
    });
    if (newImage) revert.push('give it its templates back', await metadata.follow({ uuid }, target));
    task.signal.throwIfAborted();
    await pool(target.pool).restoreSnapshot(task, target.uuid, uuid, target.idMap);
    revert.commit();
    return await records.update(target, { pending: undefined });
  }
}

/** What is said of the image, and is due to it, comes with the root; that is a copy's again. All else is the copy's own. */
function configOf(target: Instance, kept: Pick<Original, 'config'>): Record<string, string> {
  const withRoot = ['volatile.base_image', applyTemplateKey];
  const isOfImage = ([key]: [string, string]) => key.startsWith('image.') || withRoot.includes(key);
  const config = Object.fromEntries([
    ...Object.entries(target.config).filter((entry) => !isOfImage(entry)),
    ...Object.entries(kept.config).filter(isOfImage),
  ]);
  return withPendingTrigger(config, 'copy');
}

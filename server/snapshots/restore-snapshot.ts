import { checkConfig } from '../base/config-key.ts';
import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import { ownTask, type Task } from '../base/task.ts';
import { checkDevices } from '../devices/check-devices.ts';
import { checkExpanded, type Surroundings } from '../instances/check-expanded.ts';
import { instanceKeys } from '../instances/config-keys.ts';
import { type Expanded, type Instance, isVolatileKey } from '../instances/instance.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import { type MakeHwaddr, madeHwaddrs, withHwaddrs } from '../instances/nic-addresses.ts';
import type { InstanceStopper } from '../instances/stop-instance.ts';
import type { Supervisor } from '../instances/supervisor.ts';
import type { InstanceMetadataRecords } from '../instances/templates/instance-metadata.ts';
import { applyTemplateKey, pendingTrigger, withPendingTrigger } from '../instances/templates/pending-trigger.ts';
import type { ProfileUse } from '../instances/update-instance.ts';
import { checkPool } from '../instances/update-instance.ts';
import type { StorageDriver } from '../storage/contract.ts';
import { type Kept, keptOf, type Snapshot } from './snapshot.ts';
import type { SnapshotRecords } from './snapshot-records.ts';

export interface RestoreDeps {
  readonly records: InstanceRecords;
  readonly snapshots: SnapshotRecords;
  readonly metadata: Pick<InstanceMetadataRecords, 'follow'>;
  readonly pool: (name: string) => StorageDriver;
  readonly supervisor: Pick<Supervisor, 'status'>;
  readonly stopper: Pick<InstanceStopper, 'stop'>;
  /** Starts an instance that the caller holds. */
  readonly start: (task: Task, instance: Instance) => Promise<void>;
  readonly expanded: (instance: Instance) => Promise<Expanded>;
  /** Ends whatever else has the root of a stopped instance mounted. */
  readonly freeRoot: (instance: Instance) => Promise<void>;
  readonly surroundings: Surroundings;
  readonly hwaddr: MakeHwaddr;
  /** Held, by project, by whoever begins to use a profile. */
  readonly profileUse: ProfileUse;
}

/** Makes an instance again what one of its snapshots has kept: root, configuration, devices, profiles and templates. */
export class SnapshotRestorer {
  readonly #deps: RestoreDeps;

  constructor(deps: RestoreDeps) {
    this.#deps = deps;
  }

  /** What will be recorded, checked against everything that exists now. Faults: `invalid`, `not-found`. */
  async plan(instance: Instance, { kept }: Snapshot): Promise<Kept> {
    const { records, expanded, surroundings, hwaddr } = this.#deps;
    const next: Instance = { ...instance, ...kept, config: configOf(instance, kept) };
    checkConfig(instanceKeys, next.config);
    checkDevices(next.devices);
    const holds = await expanded(next);
    checkPool(instance, checkExpanded(holds, surroundings).pool);
    const others = (await records.list()).filter(({ uuid }) => uuid !== instance.uuid);
    return { ...keptOf(next), config: withHwaddrs(next, holds.devices, madeHwaddrs(others), hwaddr) };
  }

  /**
   * A running instance is stopped for it, and started again. What is under way is recorded first: a server that finds it
   * goes on. Undoes itself on failure.
   */
  async restore(task: Task, instance: Instance, snapshot: Snapshot): Promise<void> {
    const { records, supervisor, stopper, start, metadata } = this.#deps;
    await this.plan(instance, snapshot);
    const own = ownTask(task.log);
    const runs = supervisor.status(instance.uuid) !== 'stopped';
    const pending = { kind: 'restore', snapshot: snapshot.uuid, start: runs } as const;
    await using revert = new Revert(task.log);
    await records.update(instance, { pending });
    revert.push('forget what was under way', async () => void (await records.update(instance, { pending: undefined })));
    if (runs) {
      await stopper.stop(task, instance, { force: true, timeoutSeconds: 0 });
      revert.push('start it again', async () => {
        await start(own, await records.update(instance, { ...keptOf(instance), pending: undefined }));
      });
    }
    revert.push('record what it was', async () => void (await records.update(instance, keptOf(instance))));
    revert.push('give it its templates back', await metadata.follow(snapshot, instance));
    const restored = await this.#rewrite(task, instance, snapshot, runs);
    revert.commit();
    if (runs) await start(task, restored);
  }

  /** Goes on with what an earlier server began; returns whether the instance should be started. */
  async finish(task: Task, instance: Instance): Promise<boolean> {
    const { snapshots, pool, metadata } = this.#deps;
    const { pending } = instance;
    if (pending?.kind !== 'restore') return false;
    const snapshot = await snapshots.byId(instance.uuid, pending.snapshot);
    if (snapshot === undefined) throw new Fault('internal', 'The snapshot that it was being restored to is gone');
    task.log.info({ instance: instance.uuid }, 'going on with the restoring of an instance');
    await pool(instance.pool).unmountInstance(instance.uuid);
    await metadata.follow(snapshot, instance);
    await this.#rewrite(task, instance, snapshot, pending.start);
    return pending.start;
  }

  /** The record first: the project may refuse it. What is to run counts as running: a server that finds it starts it. */
  async #rewrite(task: Task, instance: Instance, snapshot: Snapshot, start: boolean): Promise<Instance> {
    const { records, pool, profileUse } = this.#deps;
    await profileUse.run(instance.project, async () => {
      await records.update(instance, await this.plan(instance, snapshot));
    });
    await this.#deps.freeRoot(instance);
    await pool(instance.pool).restoreSnapshot(task, instance.uuid, snapshot.uuid, instance.idMap);
    return await records.update(instance, { pending: undefined, power: start ? 'running' : 'stopped' });
  }
}

/**
 * What yurt remembers of the instance itself (its addresses) stays, except of its image and of what was not written into its
 * root yet: that comes with the root. A new name since then has to be written into either.
 */
function configOf(instance: Instance, kept: Kept): Record<string, string> {
  const isOwn = ([key]: [string, string]) =>
    isVolatileKey(key) && key !== 'volatile.base_image' && key !== applyTemplateKey;
  const config = { ...kept.config, ...Object.fromEntries(Object.entries(instance.config).filter(isOwn)) };
  return pendingTrigger(instance.config) === 'rename' ? withPendingTrigger(config, 'rename') : config;
}

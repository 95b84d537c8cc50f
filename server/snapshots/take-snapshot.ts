import { randomUUID } from 'node:crypto';
import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import { ownTask, type Task } from '../base/task.ts';
import type { Freezer } from '../instances/freezer.ts';
import type { Instance } from '../instances/instance.ts';
import type { Supervisor } from '../instances/supervisor.ts';
import type { InstanceMetadataRecords } from '../instances/templates/instance-metadata.ts';
import type { Source, StorageDriver } from '../storage/contract.ts';
import { keptOf, maxSnapshots, type Snapshot } from './snapshot.ts';
import type { SnapshotRecords } from './snapshot-records.ts';

export interface TakeDeps {
  readonly snapshots: SnapshotRecords;
  readonly metadata: Pick<InstanceMetadataRecords, 'changeForCopy'>;
  readonly pool: (name: string) => StorageDriver;
  readonly supervisor: Pick<Supervisor, 'status' | 'ended'>;
  readonly freezer: Freezer;
  /** Ends whatever else has the root of a stopped instance mounted. */
  readonly freeRoot: (instance: Instance) => Promise<void>;
}

export interface NewSnapshot {
  readonly name: string;
  /** Undefined: never. */
  readonly expiresAt: Date | undefined;
  /** Takes the place of one of the same name. */
  readonly reuse: boolean;
}

/** Makes and removes snapshots. The caller holds the instance. */
export class SnapshotTaker {
  readonly #deps: TakeDeps;

  constructor(deps: TakeDeps) {
    this.#deps = deps;
  }

  /** The instance as storage needs it: with the way to hold it still while it runs. */
  async sourceOf(instance: Instance): Promise<Source> {
    const { supervisor, freezer, freeRoot } = this.#deps;
    const { uuid } = instance;
    if (supervisor.status(uuid) === 'ending') await supervisor.ended(uuid);
    if (supervisor.status(uuid) === 'stopped') {
      await freeRoot(instance);
      return { id: uuid };
    }
    return { id: uuid, frozen: (work) => freezer.hold(instance, work) };
  }

  /** Faults: `already-exists` for a taken name without `reuse`, `exhausted` for too many. */
  async check(instance: Instance, { name, reuse }: Pick<NewSnapshot, 'name' | 'reuse'>): Promise<void> {
    const all = await this.#deps.snapshots.list(instance.uuid);
    const taken = all.some((snapshot) => snapshot.name === name && snapshot.phase === 'ready');
    if (taken && !reuse) {
      throw new Fault('already-exists', `Instance "${instance.name}" has a snapshot "${name}" already`);
    }
    if (!taken && all.length >= maxSnapshots) {
      throw new Fault('exhausted', `Instance "${instance.name}" has ${maxSnapshots} snapshots already: delete some`);
    }
  }

  /** Undoes itself; after `kill -9` the record's phase tells the next server to remove it. */
  async take(task: Task, instance: Instance, wanted: NewSnapshot): Promise<Snapshot> {
    const { snapshots, pool } = this.#deps;
    await this.check(instance, wanted);
    const old = await snapshots.find(instance.uuid, wanted.name);
    const driver = pool(instance.pool);
    await using revert = new Revert(task.log);
    const begun = await this.#begin(instance, {
      uuid: randomUUID(),
      instance: instance.uuid,
      name: wanted.name,
      pool: instance.pool,
      createdAt: new Date().toISOString(),
      expiresAt: wanted.expiresAt?.toISOString() ?? '',
      phase: 'creating',
      kept: keptOf(instance),
    });
    revert.push('remove the record', () => snapshots.remove(begun));
    await driver.createSnapshot(task, begun.uuid, await this.sourceOf(instance));
    revert.push('remove what was kept', () => driver.deleteSnapshot(ownTask(task.log), begun.uuid));
    const ready = await snapshots.replace(begun, old);
    revert.commit();
    if (old !== undefined) await this.remove(task, old);
    return ready;
  }

  /** Gives a copy of an instance its snapshots too. Each is undone when a later step fails. */
  async copyAll(task: Task, revert: Revert, from: Instance, to: Instance): Promise<void> {
    await this.copySome(task, revert, await this.#ready(from), to);
  }

  /** Gives an instance these snapshots of another one. Each is undone when a later step fails. */
  async copySome(task: Task, revert: Revert, originals: readonly Snapshot[], to: Instance): Promise<void> {
    for (const original of originals) {
      await this.#deps.snapshots.replace(await this.#copy(task, revert, original, to), undefined);
    }
  }

  /**
   * Copies those that a copy is missing; each is undone when a later step fails. Calling what it returns makes them true, and
   * removes those that the original does not have (any more), or has from another moment.
   */
  async followAll(task: Task, revert: Revert, from: Instance, to: Instance): Promise<() => Promise<void>> {
    const { snapshots } = this.#deps;
    const [theirs, own] = [await this.#ready(from), await this.#ready(to)];
    const isIn = (list: readonly Snapshot[]) => (one: Snapshot) => list.some((other) => sameMoment(one, other));
    const stale = own.filter((snapshot) => !isIn(theirs)(snapshot));
    const fresh: Snapshot[] = [];
    for (const original of theirs.filter((snapshot) => !isIn(own)(snapshot))) {
      fresh.push(await this.#copy(task, revert, original, to));
    }
    return async () => {
      for (const begun of fresh) {
        await snapshots.replace(
          begun,
          stale.find(({ name }) => name === begun.name),
        );
      }
      for (const snapshot of stale) await this.remove(ownTask(task.log), snapshot);
    };
  }

  async #ready(instance: Instance): Promise<Snapshot[]> {
    return (await this.#deps.snapshots.list(instance.uuid)).filter(({ phase }) => phase === 'ready');
  }

  async #copy(task: Task, revert: Revert, original: Snapshot, to: Instance): Promise<Snapshot> {
    const { pool } = this.#deps;
    const copy: Snapshot = { ...original, uuid: randomUUID(), instance: to.uuid, phase: 'creating' };
    const begun = await this.#begin(original, copy);
    revert.push('remove a snapshot of the copy', () => this.remove(ownTask(task.log), begun));
    await pool(to.pool).createSnapshot(task, begun.uuid, { id: original.uuid });
    return begun;
  }

  /** Keeps what an instance is now while `use` runs. A server that dies meanwhile leaves nothing that stays. */
  async whileKept<Result>(task: Task, instance: Instance, use: (kept: Snapshot) => Promise<Result>): Promise<Result> {
    const { pool } = this.#deps;
    const now = new Date().toISOString();
    const [uuid, name] = [randomUUID(), ''];
    const head = { uuid, name, instance: instance.uuid, pool: instance.pool, createdAt: now, expiresAt: '' };
    const kept = await this.#begin(instance, { ...head, phase: 'creating', kept: keptOf(instance) });
    await using cleanUp = new Revert(task.log); // never committed
    cleanUp.push('remove what was kept for the moment', () => this.remove(ownTask(task.log), kept));
    await pool(instance.pool).createSnapshot(task, uuid, await this.sourceOf(instance));
    return await use(kept);
  }

  /** Records it with the templates of what it is of. */
  async #begin(of: Pick<Instance, 'uuid'>, snapshot: Snapshot): Promise<Snapshot> {
    return await this.#deps.snapshots.add(snapshot, await this.#deps.metadata.changeForCopy(of, snapshot));
  }

  /** There is no way back: what a `kill -9` interrupts, the next server finishes. Idempotent. */
  async remove(task: Task, snapshot: Snapshot): Promise<void> {
    const { snapshots, pool } = this.#deps;
    if (snapshot.phase === 'ready') await snapshots.update(snapshot, { phase: 'deleting' });
    await pool(snapshot.pool).deleteSnapshot(task, snapshot.uuid);
    await snapshots.remove(snapshot);
  }

  /** Those of an instance that is being removed itself. */
  async removeAll(task: Task, instance: Pick<Instance, 'uuid'>): Promise<void> {
    for (const snapshot of await this.#deps.snapshots.list(instance.uuid)) await this.remove(task, snapshot);
  }

  /** After a start of the server: what is half-made or half-removed goes. Returns the snapshots that there are. */
  async repair(task: Task): Promise<Snapshot[]> {
    const whole: Snapshot[] = [];
    for (const snapshot of await this.#deps.snapshots.list()) {
      if (snapshot.phase === 'ready') whole.push(snapshot);
      else {
        task.log.info({ snapshot: snapshot.uuid, phase: snapshot.phase }, 'removing a half-made snapshot');
        await this.remove(task, snapshot).catch((error: unknown) => {
          task.log.error({ err: error, snapshot: snapshot.uuid }, 'a half-made snapshot could not be removed');
        });
      }
    }
    return whole;
  }
}

/** Whether two snapshots, of an instance and of a copy of it, are the same. */
export function sameMoment(
  one: Pick<Snapshot, 'name' | 'createdAt'>,
  other: Pick<Snapshot, 'name' | 'createdAt'>,
): boolean {
  return one.name === other.name && one.createdAt === other.createdAt;
}

import { expiryOf } from '../base/expiry.ts';
import { Fault } from '../base/fault.ts';
import { nameOf } from '../base/name-pattern.ts';
import type { Task } from '../base/task.ts';
import type { Events } from '../events/events.ts';
import type { ProjectAdmission } from '../instances/admission.ts';
import type { HeldWork } from '../instances/held-work.ts';
import type { Expanded, Instance } from '../instances/instance.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import type { OperationView } from '../operations/operation.ts';
import type { SnapshotRestorer } from './restore-snapshot.ts';
import { checkSnapshotName, type Snapshot, snapshotResource } from './snapshot.ts';
import type { SnapshotRecords } from './snapshot-records.ts';
import type { NewSnapshot, SnapshotTaker } from './take-snapshot.ts';

export interface SnapshotsDeps {
  readonly admission: Pick<ProjectAdmission, 'checkAllowed'>;
  readonly records: InstanceRecords;
  readonly snapshots: SnapshotRecords;
  readonly expanded: (instance: Instance) => Promise<Expanded>;
  readonly taker: SnapshotTaker;
  readonly restorer: SnapshotRestorer;
  readonly work: HeldWork;
  readonly events: Events;
}

export interface CreateSnapshotRequest extends SnapshotWish {
  readonly project: string;
  readonly instance: string;
}

interface SnapshotWish {
  /** Empty: as `snapshots.pattern` says. */
  readonly name: string;
  /** A span or a date; empty: as `snapshots.expiry` says. */
  readonly expiry: string;
  readonly noExpiry: boolean;
  readonly reuse: boolean;
}

/** The verbs of snapshots. */
export class Snapshots {
  readonly #deps: SnapshotsDeps;

  constructor(deps: SnapshotsDeps) {
    this.#deps = deps;
  }

  /** Those of one instance, or of all, the oldest first. */
  async list(instance?: Pick<Instance, 'uuid'>): Promise<Snapshot[]> {
    return (await this.#deps.snapshots.list(instance?.uuid)).filter(({ phase }) => phase === 'ready');
  }

  /** How many there are, by the uuid of their instance: of one, or of all. Also those that are being made or removed. */
  async count(instance?: string): Promise<ReadonlyMap<string, number>> {
    return await this.#deps.snapshots.count(instance);
  }

  async get(project: string, instance: string, name: string): Promise<Snapshot> {
    return await this.#deps.snapshots.get(await this.#deps.records.get(project, instance), name);
  }

  async create(request: CreateSnapshotRequest): Promise<{ name: string; operation: OperationView }> {
    const { records, work } = this.#deps;
    const instance = await records.get(request.project, request.instance);
    const wanted = await this.#plan(instance, request);
    const description = `Taking snapshot ${wanted.name} of instance ${instance.name}`;
    const operation = work.begin(
      [[instance, 'snapshotted']],
      { kind: 'snapshot.create', description },
      async (task) => {
        // Read again: what was recorded meanwhile belongs to the moment too.
        const now = await records.get(instance.project, instance.name);
        await this.#take(task, now, wanted);
        return { instanceName: now.name };
      },
    );
    return { name: wanted.name, operation };
  }

  /** For a caller that holds the instance: one with the name and the expiry that its configuration says. */
  async createHeld(task: Task, instance: Instance): Promise<void> {
    await this.#take(
      task,
      instance,
      await this.#plan(instance, { name: '', expiry: '', noExpiry: false, reuse: false }),
    );
  }

  async #plan(instance: Instance, request: SnapshotWish): Promise<NewSnapshot> {
    const { taker, admission } = this.#deps;
    await admission.checkAllowed(instance.project, 'snapshots');
    if (request.name !== '') checkSnapshotName(request.name);
    const wanted = await this.#wanted(instance, request);
    await taker.check(instance, wanted);
    return wanted;
  }

  async #take(task: Task, instance: Instance, wanted: NewSnapshot): Promise<void> {
    await this.#during(`Cannot take snapshot "${wanted.name}" of`, instance, () =>
      this.#deps.taker.take(task, instance, wanted),
    );
    this.#announce('instance-snapshot-created', instance, wanted);
  }

  async restore(project: string, instanceName: string, name: string): Promise<OperationView> {
    const { records, snapshots, restorer, work } = this.#deps;
    const instance = await records.get(project, instanceName);
    const snapshot = await snapshots.get(instance, name);
    await this.#during(`Cannot restore snapshot "${name}" of`, instance, () => restorer.plan(instance, snapshot));
    const description = `Restoring instance ${instance.name} to snapshot ${name}`;
    return work.begin([[instance, 'restored']], { kind: 'snapshot.restore', description }, async (task) => {
      const now = await records.get(project, instanceName);
      const found = await snapshots.get(now, name);
      await this.#during(`Cannot restore snapshot "${name}" of`, now, () => restorer.restore(task, now, found));
      this.#announce('instance-restored', now, snapshot);
      return { instanceName: now.name };
    });
  }

  async rename(project: string, instanceName: string, name: string, newName: string): Promise<Snapshot> {
    const { records, snapshots, taker, work } = this.#deps;
    checkSnapshotName(newName);
    const instance = await records.get(project, instanceName);
    using _held = work.hold(instance, 'snapshotted');
    const snapshot = await snapshots.get(instance, name);
    if (newName === name) return snapshot;
    await taker.check(instance, { name: newName, reuse: false });
    const renamed = await snapshots.update(snapshot, { name: newName });
    this.#announce('instance-snapshot-renamed', instance, renamed, { old_name: name });
    return renamed;
  }

  /** Sets when it expires: a span, a date, or never when empty. */
  async setExpiry(project: string, instanceName: string, name: string, expiry: string): Promise<Snapshot> {
    const { records, snapshots } = this.#deps;
    const instance = await records.get(project, instanceName);
    const snapshot = await snapshots.get(instance, name);
    const expiresAt = expiryOf(expiry, new Date())?.toISOString() ?? '';
    const updated = await snapshots.update(snapshot, { expiresAt });
    this.#announce('instance-snapshot-updated', instance, updated);
    return updated;
  }

  async delete(project: string, instanceName: string, name: string): Promise<OperationView> {
    const { records, snapshots, work } = this.#deps;
    const instance = await records.get(project, instanceName);
    await snapshots.get(instance, name);
    return this.#remove(instance, name, work);
  }

  /** Removes what has expired by `now`, one after the other, and resolves when that is done. One that cannot be removed, since its instance is busy, waits for the next time. */
  async sweep(task: Task, now: Date): Promise<void> {
    const { records, snapshots, work } = this.#deps;
    const due = (await snapshots.list()).filter(
      ({ phase, expiresAt }) => phase === 'ready' && expiresAt !== '' && new Date(expiresAt) <= now,
    );
    if (due.length === 0) return;
    const instances = new Map((await records.list()).map((instance) => [instance.uuid, instance]));
    for (const snapshot of due) {
      const instance = instances.get(snapshot.instance);
      if (instance === undefined) continue;
      try {
        await work.ended(this.#remove(instance, snapshot.name, work));
      } catch (error) {
        task.log.info({ reason: Fault.from(error).message, snapshot: snapshot.uuid }, 'an expired snapshot stays');
      }
    }
  }

  #remove(instance: Instance, name: string, work: HeldWork): OperationView {
    const { snapshots, taker } = this.#deps;
    const description = `Deleting snapshot ${name} of instance ${instance.name}`;
    const request = { kind: 'snapshot.delete', description, cancelable: false };
    return work.begin([[instance, 'snapshotted']], request, async (task) => {
      await taker.remove(task, await snapshots.get(instance, name));
      this.#announce('instance-snapshot-deleted', instance, { name });
      return { instanceName: instance.name };
    });
  }

  async #wanted(instance: Instance, request: SnapshotWish): Promise<NewSnapshot> {
    const { config } = await this.#deps.expanded(instance);
    const now = new Date();
    const taken = new Set((await this.#deps.snapshots.list(instance.uuid)).map(({ name }) => name));
    const name = request.name === '' ? nameOf(config['snapshots.pattern'] ?? '', now, taken) : request.name;
    checkSnapshotName(name);
    const expiry = request.expiry === '' ? (config['snapshots.expiry'] ?? '') : request.expiry;
    return { name, reuse: request.reuse, expiresAt: request.noExpiry ? undefined : expiryOf(expiry, now) };
  }

  #announce(
    action: string,
    instance: Instance,
    snapshot: Pick<Snapshot, 'name'>,
    context: Readonly<Record<string, string>> = {},
  ): void {
    this.#deps.events.lifecycle(action, snapshotResource(instance, snapshot), context, instance.project);
  }

  async #during<Result>(action: string, { name }: Instance, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw Fault.during(`${action} instance "${name}"`, error);
    }
  }
}

import { Fault } from '../base/fault.ts';
import { Collection, type Versioned } from '../db/collection.ts';
import type { Change, Store } from '../db/store.ts';
import type { Admission } from './admission.ts';
import { type IdRanges, usualIds, type WantedIds } from './id-ranges.ts';
import { type Instance, parseInstance } from './instance.ts';
import { InstancePlaces } from './instance-places.ts';
import { metadataKey } from './templates/instance-metadata.ts';
import { withoutPendingTrigger, withPendingTrigger } from './templates/pending-trigger.ts';

/**
 * The records of all instances, and the id ranges that are theirs. Every way to a configuration ends here, so here the
 * project is asked whether it allows it.
 */
export class InstanceRecords {
  readonly #records: Collection<Instance>;
  readonly #ranges: IdRanges;
  readonly #admission: Admission;
  /** Where each of them is found, once `open` was called. */
  readonly places = new InstancePlaces();

  constructor(store: Store, ranges: IdRanges, admission: Admission) {
    this.#records = new Collection(store, 'instance/', parseInstance);
    this.#ranges = ranges;
    this.#admission = admission;
  }

  /** Reads where they are: from then on it is known at any time. */
  async open(): Promise<void> {
    for (const instance of await this.list()) this.places.put(instance);
  }

  async list(project?: string): Promise<Instance[]> {
    const found = await this.#records.list(project === undefined ? '' : `${project}/`);
    return found.map(({ record }) => record);
  }

  async find(project: string, name: string): Promise<Instance | undefined> {
    return (await this.#records.find(`${project}/${name}`))?.record;
  }

  async get(project: string, name: string): Promise<Instance> {
    const found = await this.find(project, name);
    if (found === undefined) throw await this.#missing(project, name);
    return found;
  }

  /** The record with the revision that `replace` names. Fault `not-found`. */
  async versioned(project: string, name: string): Promise<Versioned<Instance>> {
    const found = await this.#records.find(`${project}/${name}`);
    if (found === undefined) throw await this.#missing(project, name);
    return found;
  }

  /** Whether its project allows the instance as it is to be: for whoever makes it so before it is written. Faults as of `admit`. */
  async checkAllowed(instance: Instance): Promise<void> {
    await this.#admission.admit(instance, async () => {});
  }

  /** Writes the record of an instance, which keeps its name, unless it was written since. Fault `conflict`. */
  async replace(found: Versioned<Instance>, instance: Instance, also: Change = {}): Promise<Instance> {
    const write = async () =>
      (await this.#records.put(`${instance.project}/${instance.name}`, instance, found.revision, also)).record;
    return await this.#admission.admit(instance, write);
  }

  /** The same as a part of another commit. */
  changeOf(found: Versioned<Instance>, instance: Instance): Change {
    const key = this.#records.key(`${instance.project}/${instance.name}`);
    return { expect: [{ key, revision: found.revision }], put: [{ key, value: instance }] };
  }

  /** Writes a new record with an id range of its own and what else belongs to it, all or nothing. Fault `already-exists` for a taken name. */
  async add(instance: Omit<Instance, 'idMap'>, ids: WantedIds = usualIds, also: Change = {}): Promise<Instance> {
    return await this.#admission.admit(instance, () => this.#add(instance, ids, also));
  }

  async #add(instance: Omit<Instance, 'idMap'>, ids: WantedIds, also: Change): Promise<Instance> {
    const id = `${instance.project}/${instance.name}`;
    for (let attempt = 1; ; attempt += 1) {
      if ((await this.#records.find(id)) !== undefined) {
        throw new Fault('already-exists', `Instance "${instance.name}" already exists`);
      }
      const { idMap, change } = await this.#ranges.allocate(instance.uuid, ids);
      try {
        const { record } = await this.#records.put(id, { ...instance, idMap }, 0, both(change, also));
        this.places.put(record);
        return record;
      } catch (error) {
        // Another creation took the same range or name between our read and our commit: look again.
        if (!(error instanceof Fault) || error.code !== 'conflict' || attempt === maxAttempts) throw error;
      }
    }
  }

  /** Gives an instance other ids: the new ones are taken and the old ones given back in one commit with its record. */
  async giveIds(instance: Instance, ids: WantedIds): Promise<Instance> {
    for (let attempt = 1; ; attempt += 1) {
      const found = await this.versioned(instance.project, instance.name);
      const { idMap, change } = await this.#ranges.allocate(instance.uuid, ids);
      const also = { ...change, ...this.#ranges.release(found.record.idMap, idMap) };
      try {
        return await this.replace(found, { ...found.record, idMap }, also);
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'conflict' || attempt === maxAttempts) throw error;
      }
    }
  }

  /** Faults: `not-found` when it is gone; those of the project when the change is one of its configuration. */
  async update(instance: Instance, change: Partial<Instance>): Promise<Instance> {
    const write = () => this.#update(instance, change);
    if (change.config === undefined && change.devices === undefined && change.profiles === undefined)
      return await write();
    return await this.#admission.admit({ ...instance, ...change }, write);
  }

  /** Notes a start, which has done what was to be done once: nothing that a project would look at. */
  async started(instance: Instance, change: Pick<Instance, 'startedAt' | 'lastUsedAt' | 'init'>): Promise<Instance> {
    return await this.#change(instance, (now) => {
      return { ...now, ...change, power: 'running', config: withoutPendingTrigger(now.config) };
    });
  }

  async #update(instance: Instance, change: Partial<Instance>): Promise<Instance> {
    return await this.#change(instance, (now) => ({ ...now, ...change }));
  }

  async #change(instance: Instance, apply: (now: Instance) => Instance): Promise<Instance> {
    const id = `${instance.project}/${instance.name}`;
    const updated: Versioned<Instance> | undefined = await this.#records.update(id, (now) => {
      if (now.uuid !== instance.uuid) throw replaced(instance);
      return apply(now);
    });
    if (updated === undefined) throw replaced(instance);
    return updated.record;
  }

  /** Gives an instance another name or project: at no moment are there two of it, or none. Fault `already-exists`. */
  async move(instance: Instance, { name, project }: Pick<Instance, 'name' | 'project'>): Promise<Instance> {
    return await this.#admission.admit({ ...instance, name, project }, () => this.#move(instance, name, project));
  }

  async #move(instance: Instance, name: string, project: string): Promise<Instance> {
    const from = `${instance.project}/${instance.name}`;
    const found = await this.#records.find(from);
    if (found === undefined || found.record.uuid !== instance.uuid) throw replaced(instance);
    const key = this.#records.key(from);
    const also = { expect: [{ key, revision: found.revision }], remove: [key] };
    const { config } = found.record;
    const renamed = {
      ...found.record,
      name,
      project,
      config: name === instance.name ? config : withPendingTrigger(config, 'rename'),
    };
    try {
      const { record } = await this.#records.put(`${project}/${name}`, renamed, 0, also);
      this.places.put(record);
      return record;
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'conflict') throw error;
      throw new Fault('already-exists', `Instance "${name}" already exists`, { cause: error });
    }
  }

  /** Whoever mistypes the project should not look for the instance. */
  async #missing(project: string, name: string): Promise<Fault> {
    await this.#admission.checkProject(project);
    return new Fault('not-found', `Instance "${name}" does not exist`);
  }

  async remove(instance: Instance): Promise<void> {
    const also = both(this.#ranges.release(instance.idMap), { remove: [metadataKey(instance)] });
    await this.#records.remove(`${instance.project}/${instance.name}`, also);
    this.places.remove(instance);
  }
}

function both(one: Change, other: Change): Change {
  return {
    expect: [...(one.expect ?? []), ...(other.expect ?? [])],
    put: [...(one.put ?? []), ...(other.put ?? [])],
    remove: [...(one.remove ?? []), ...(other.remove ?? [])],
  };
}

/** Creations at once may each lose a few races for the next free range. */
const maxAttempts = 64;

function replaced(instance: Instance): Fault {
  return new Fault('not-found', `Instance "${instance.name}" does not exist any more`);
}

import { randomUUID } from 'node:crypto';
import { Fault } from '../base/fault.ts';
import { suggestion } from '../base/nearest.ts';
import { Serial } from '../base/serial.ts';
import { Collection } from '../db/collection.ts';
import type { Store } from '../db/store.ts';
import type { Events } from '../events/events.ts';
import { checkGroup, type Group, groupEtag, type Permission, parseGroup, permissionKey } from './group.ts';

export interface GroupsDeps {
  readonly store: Store;
  readonly events: Pick<Events, 'lifecycle'>;
}

const maxGroups = 1000;

/** The groups that clients can be in. They are held in memory too: what they permit is asked for at every call. */
export class Groups {
  readonly #records: Collection<Group>;
  readonly #events: GroupsDeps['events'];
  readonly #present = new Map<string, Group>();
  readonly #serial = new Serial();
  /** Called when a group is another one than it was, or is no more. */
  onChanged: (before: Group, after: Group | undefined) => void = () => {};

  private constructor({ store, events }: GroupsDeps) {
    this.#records = new Collection(store, 'trust/group/', parseGroup);
    this.#events = events;
  }

  static async open(deps: GroupsDeps): Promise<Groups> {
    const groups = new Groups(deps);
    for (const { record } of await groups.#records.list()) groups.#present.set(record.id, record);
    return groups;
  }

  list(): Group[] {
    return [...this.#present.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Undefined for one that is no more. */
  find(id: string): Group | undefined {
    return this.#present.get(id);
  }

  /** Fault `not-found`. */
  get(name: string): Group {
    const all = this.list();
    const group = all.find((one) => one.name === name);
    if (group !== undefined) return group;
    const names = all.map((one) => one.name);
    throw new Fault('not-found', `Group "${name.slice(0, 80)}" does not exist${suggestion(name, names)}`);
  }

  /** Faults: `invalid`, `already-exists`, `exhausted`. */
  async create(content: Omit<Group, 'id'>): Promise<Group> {
    return await this.#alone(async () => {
      checkGroup(content);
      this.#checkFree(content.name);
      if (this.#present.size >= maxGroups) throw new Fault('exhausted', `There are ${maxGroups} groups already`);
      const group = { id: randomUUID(), ...content };
      await this.#records.put(group.id, group, 0);
      this.#present.set(group.id, group);
      this.#announce('auth-group-created', group);
      return group;
    });
  }

  /** Replaces description and permissions. Faults: `not-found`, `invalid`; `conflict` when `etag` is given and not the present one. */
  async update(name: string, change: Pick<Group, 'description' | 'permissions'>, etag: string): Promise<Group> {
    return await this.#alone(async () => {
      const before = this.get(name);
      if (etag !== '' && etag !== groupEtag(before)) {
        throw new Fault('conflict', `Group "${name}" was changed by somebody else in the meantime`);
      }
      const { description, permissions } = change;
      return await this.#replace(before, { ...before, description, permissions }, 'auth-group-updated');
    });
  }

  /** Faults: `not-found`, `invalid`, `already-exists`. */
  async rename(name: string, newName: string): Promise<Group> {
    return await this.#alone(async () => {
      const before = this.get(name);
      this.#checkFree(newName);
      return await this.#replace(before, { ...before, name: newName }, 'auth-group-renamed');
    });
  }

  /** From now on nobody is in it. Fault `not-found`. */
  async remove(name: string): Promise<void> {
    await this.#alone(async () => {
      const group = this.get(name);
      await this.#records.remove(group.id);
      this.#present.delete(group.id);
      this.#announce('auth-group-deleted', group);
      this.onChanged(group, undefined);
    });
  }

  /** A project has another name from now on; undefined: it is no more. Its permissions follow. */
  async projectBecame(name: string, newName: string | undefined): Promise<void> {
    await this.#alone(async () => {
      const isOf = ({ entity }: Permission) => entity.type === 'project' && entity.project === name;
      for (const group of this.list().filter(({ permissions }) => permissions.some(isOf))) {
        const permissions = unique(group.permissions.flatMap((one) => (isOf(one) ? inProject(one, newName) : [one])));
        await this.#replace(group, { ...group, permissions }, 'auth-group-updated');
      }
    });
  }

  async #alone<Result>(action: () => Promise<Result>): Promise<Result> {
    return await this.#serial.run('groups', action);
  }

  async #replace(before: Group, after: Group, action: string): Promise<Group> {
    checkGroup(after);
    const found = await this.#records.find(before.id);
    await this.#records.put(after.id, after, found?.revision ?? 0);
    this.#present.set(after.id, after);
    this.#announce(action, after);
    this.onChanged(before, after);
    return after;
  }

  #checkFree(name: string): void {
    if (this.list().some((group) => group.name === name)) {
      throw new Fault('already-exists', `Group "${name}" already exists`);
    }
  }

  #announce(action: string, { name }: Group): void {
    this.#events.lifecycle(action, `auth-group/${name}`);
  }
}

function inProject({ role }: Permission, project: string | undefined): Permission[] {
  return project === undefined ? [] : [{ entity: { type: 'project', project }, role }];
}

function unique(permissions: readonly Permission[]): Permission[] {
  return [...new Map(permissions.map((permission) => [permissionKey(permission), permission])).values()];
}

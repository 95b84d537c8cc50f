import { checkDescription } from '../base/description.ts';
import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import type { Task } from '../base/task.ts';
import type { Versioned } from '../db/collection.ts';
import type { Change } from '../db/store.ts';
import type { Events } from '../events/events.ts';
import {
  checkProfileContent,
  checkProfileName,
  defaultProfile,
  type Profile,
  type ProfileContent,
  type Profiles,
  profileEtag,
} from '../profiles/profile.ts';
import type { ProjectAdmission } from './admission.ts';
import { checkExpanded, type Surroundings } from './check-expanded.ts';
import { profileKeys } from './config-keys.ts';
import { type Expanded, expand, type Instance, resourceOf } from './instance.ts';
import type { InstanceLocks } from './instance-locks.ts';
import type { InstanceRecords } from './instance-records.ts';
import type { LiveChange } from './live-change.ts';
import type { LiveChanges } from './live-changes.ts';
import { type MakeHwaddr, madeHwaddrs, withHwaddrs } from './nic-addresses.ts';
import type { StaticAddresses } from './static-addresses.ts';
import { storedContent } from './stored-content.ts';
import type { Supervisor } from './supervisor.ts';
import { checkPool, type ProfileUse } from './update-instance.ts';

export interface ProfileChangesDeps {
  readonly profiles: Profiles;
  readonly records: InstanceRecords;
  readonly locks: InstanceLocks;
  readonly supervisor: Pick<Supervisor, 'status' | 'ended'>;
  readonly live: LiveChanges;
  readonly events: Events;
  /** See `UpdateDeps`. */
  readonly profileUse: ProfileUse;
  readonly admission: Pick<ProjectAdmission, 'admitAll'>;
  /** The projects that use the profiles of a project. */
  readonly sharing: (home: string) => Promise<readonly string[]>;
  readonly surroundings: Surroundings;
  readonly addresses: Pick<StaticAddresses, 'check'>;
  readonly hwaddr: MakeHwaddr;
}

export interface ProfileRequest extends ProfileContent {
  readonly project: string;
  readonly name: string;
}

/** An instance that uses a profile, and how the profile's change changes it. */
interface User {
  readonly found: Versioned<Instance>;
  readonly instance: Instance;
  readonly before: Expanded;
  readonly after: Expanded;
}

/** The verbs of profiles. What uses a profile follows its changes, all of it or none. */
export class ProfileChanges {
  readonly #deps: ProfileChangesDeps;

  constructor(deps: ProfileChangesDeps) {
    this.#deps = deps;
  }

  /** Faults: `invalid`, `not-found` for what its devices name, `already-exists`. */
  async create(request: ProfileRequest): Promise<Profile> {
    checkProfileName(request.name);
    const created = await this.#deps.profiles.add(this.#checked(request));
    this.#deps.events.lifecycle('profile-created', `profile/${created.name}`, {}, created.project);
    return created;
  }

  /**
   * Replaces the profile's content after it was checked against every instance that uses it; those that run follow
   * first. Whatever fails, all instances and the profile are as they were. Faults: `conflict` when `etag` is given and
   * not that of the present content, `wrong-state` while something else is done to an instance, `invalid`, `not-found`.
   */
  async update(task: Task, request: ProfileRequest & { readonly etag: string }): Promise<Profile> {
    const { profiles, profileUse } = this.#deps;
    const { project, name, etag } = request;
    return await profileUse.run(project, async () => {
      const found = await profiles.versioned(project, name);
      if (etag !== '' && etag !== profileEtag(found.record)) {
        throw new Fault('conflict', `Profile "${name}" was changed by somebody else in the meantime`);
      }
      const profile = this.#checked(request);
      if (profileEtag(profile) === profileEtag(found.record)) return found.record;
      return await this.#replace(task, found, profile);
    });
  }

  /** Faults: `invalid` for `default`, `in-use` while an instance uses it. */
  async delete(project: string, name: string): Promise<void> {
    const { profiles, profileUse, events } = this.#deps;
    await profileUse.run(project, async () => {
      const found = await profiles.versioned(project, name);
      if (name === defaultProfile) throw new Fault('invalid', `The profile "${name}" cannot be deleted`);
      const users = await this.#users(project, name);
      if (users.length > 0) throw new Fault('in-use', `Profile "${name}" is used by ${namesOf(users)}`);
      await profiles.remove(found);
      events.lifecycle('profile-deleted', `profile/${name}`, {}, project);
    });
  }

  /** The instances that use it use it by its new name. Faults: `invalid` for `default`, `already-exists`, `wrong-state`. */
  async rename(project: string, name: string, newName: string): Promise<Profile> {
    const { profiles, records, profileUse, events } = this.#deps;
    checkProfileName(newName);
    return await profileUse.run(project, async () => {
      const found = await profiles.versioned(project, name);
      if (name === defaultProfile) throw new Fault('invalid', `The profile "${name}" cannot be renamed`);
      using locks = new DisposableStack();
      const users = await this.#lockUsers(locks, project, name);
      const changes = users.map((user) => {
        const names = user.record.profiles.map((one) => (one === name ? newName : one));
        return records.changeOf(user, { ...user.record, profiles: names });
      });
      const renamed = await profiles.rename(found, newName, together(changes));
      events.lifecycle('profile-renamed', `profile/${newName}`, { old_name: name }, project);
      return renamed;
    });
  }

  async #replace(task: Task, found: Versioned<Profile>, profile: Profile): Promise<Profile> {
    const { profiles, records, live, events, admission } = this.#deps;
    using locks = new DisposableStack();
    const users = await this.#plan(await this.#lockUsers(locks, profile.project, profile.name), profile);
    await admission.admitAll(users, async () => {});
    const changes = await live.check(users satisfies readonly LiveChange[]);
    await using revert = new Revert(task.log);
    const ended = await live.apply(task, revert, changes);
    const renewed = users.filter(({ found: { record }, instance }) => record !== instance);
    const also = together([ended, ...renewed.map((user) => records.changeOf(user.found, user.instance))]);
    const stored = await admission.admitAll(users, () => profiles.replace(found, profile, also));
    revert.commit();
    events.lifecycle('profile-updated', `profile/${profile.name}`, {}, profile.project);
    return stored;
  }

  /** What the profile's new content means for each of its users, checked. */
  async #plan(users: readonly Versioned<Instance>[], profile: Profile): Promise<User[]> {
    const { records, profiles, surroundings, addresses, hwaddr } = this.#deps;
    const planned: User[] = [];
    const taken = madeHwaddrs(await records.list());
    for (const found of users) {
      const now = found.record;
      const old = await Promise.all(now.profiles.map((name) => profiles.get(now.project, name)));
      const fresh = old.map((one) => (one.name === profile.name ? profile : one));
      const { devices } = checkedFor(now, expand(now, fresh), surroundings);
      const config = withHwaddrs(now, devices, taken, hwaddr);
      const isSame = Object.keys(config).join() === Object.keys(now.config).join();
      const instance = isSame ? now : { ...now, config };
      for (const made of madeHwaddrs([instance])) taken.add(made);
      const after = expand(instance, fresh);
      await addresses.check(instance, after).catch((error: unknown) => cannotFollow(instance, error));
      planned.push({ found, instance, before: expand(now, old), after });
    }
    return planned;
  }

  /** Takes the locks of all instances that use the profile, and reads their records again under them. */
  async #lockUsers(stack: DisposableStack, project: string, profile: string): Promise<Versioned<Instance>[]> {
    const { records, locks, supervisor } = this.#deps;
    const users: Versioned<Instance>[] = [];
    for (const user of await this.#users(project, profile)) {
      const { name, uuid } = user;
      stack.use(await locks.acquireChange(user.project, name));
      if (supervisor.status(uuid) === 'ending') await supervisor.ended(uuid);
      const found = await records.versioned(user.project, name);
      if (found.record.profiles.includes(profile)) users.push(found);
    }
    return users;
  }

  async #users(project: string, profile: string): Promise<Instance[]> {
    const lists = (await this.#deps.sharing(project)).map((name) => this.#deps.records.list(name));
    return (await Promise.all(lists)).flat().filter(({ profiles }) => profiles.includes(profile));
  }

  #checked(request: ProfileRequest): Profile {
    const { project, name, description, config, devices } = storedContent(request);
    const profile: Profile = { project, name, description, config, devices };
    checkDescription(description);
    checkProfileContent(profileKeys, profile);
    for (const device of Object.values(profile.devices)) {
      if (device['type'] === 'nic' && device['network'] !== undefined) {
        this.#deps.surroundings.checkNetwork(device['network']);
      }
    }
    return profile;
  }
}

function checkedFor(instance: Instance, expanded: Expanded, surroundings: Surroundings): Expanded {
  try {
    checkPool(instance, checkExpanded(expanded, surroundings).pool);
    return expanded;
  } catch (error) {
    cannotFollow(instance, error);
  }
}

function cannotFollow({ name }: Instance, error: unknown): never {
  throw Fault.during(`Instance "${name}" cannot follow`, error);
}

function together(changes: readonly Change[]): Change {
  return {
    expect: changes.flatMap(({ expect = [] }) => expect),
    put: changes.flatMap(({ put = [] }) => put),
    remove: changes.flatMap(({ remove = [] }) => remove),
  };
}

/** The first few, so that a message stays one line. */
function namesOf(users: readonly Instance[]): string {
  const shown = users.slice(0, 5).map(resourceOf).join(', ');
  return users.length > 5 ? `${shown} and ${users.length - 5} more` : shown;
}

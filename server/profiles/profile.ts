import { type ConfigKey, checkConfig } from '../base/config-key.ts';
import { etagOf } from '../base/etag.ts';
import { Fault } from '../base/fault.ts';
import type { Collection, Versioned } from '../db/collection.ts';
import type { Change } from '../db/store.ts';
import { checkDevices } from '../devices/check-devices.ts';
import type { Devices } from '../devices/device.ts';

/** All that a user may change of a profile. */
export interface ProfileContent {
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Devices;
}

export interface Profile extends ProfileContent {
  readonly name: string;
  readonly project: string;
}

/** The profile that every project has and that instances use when nothing else is said. */
export const defaultProfile = 'default';

/** Configuration and devices that several instances share. `default` always exists. */
export class Profiles {
  readonly #records: Collection<Profile>;
  readonly #home: (project: string) => Promise<string>;

  /** `home`: the project whose profiles a project uses. */
  constructor(records: Collection<Profile>, home: (project: string) => Promise<string>) {
    this.#records = records;
    this.#home = home;
  }

  async list(project: string): Promise<Profile[]> {
    return (await this.#records.list(`${await this.#home(project)}/`)).map(({ record }) => record);
  }

  async get(project: string, name: string): Promise<Profile> {
    return (await this.versioned(project, name)).record;
  }

  /** The profile with the revision that `put` names. Fault `not-found`. */
  async versioned(project: string, name: string): Promise<Versioned<Profile>> {
    const found = await this.#records.find(`${await this.#home(project)}/${name}`);
    if (found === undefined) throw new Fault('not-found', `Profile "${name}" does not exist`);
    return found;
  }

  /** Writes a new profile. Fault `already-exists`. */
  async add(profile: Profile, also: Change = {}): Promise<Profile> {
    const id = `${profile.project}/${profile.name}`;
    if ((await this.#records.find(id)) !== undefined) {
      throw new Fault('already-exists', `Profile "${profile.name}" already exists`);
    }
    return (await this.#records.put(id, profile, 0, also)).record;
  }

  /** Writes a profile that keeps its name, unless it was written since. Fault `conflict`. */
  async replace(found: Versioned<Profile>, profile: Profile, also: Change): Promise<Profile> {
    return (await this.#records.put(`${profile.project}/${profile.name}`, profile, found.revision, also)).record;
  }

  /** Removes it. Fault `conflict` when it was written since. */
  async remove({ record, revision }: Versioned<Profile>): Promise<void> {
    const id = `${record.project}/${record.name}`;
    await this.#records.remove(id, { expect: [{ key: this.#records.key(id), revision }] });
  }

  /** Moves it to another name, together with what `also` changes. Faults: `already-exists`, `conflict`. */
  async rename({ record, revision }: Versioned<Profile>, name: string, also: Change): Promise<Profile> {
    const key = this.#records.key(`${record.project}/${record.name}`);
    return await this.add(
      { ...record, name },
      {
        expect: [{ key, revision }, ...(also.expect ?? [])],
        put: also.put ?? [],
        remove: [key, ...(also.remove ?? [])],
      },
    );
  }

  /** What gives a project the profiles of another, for the commit that gives it that one's name. */
  async moved(from: string, to: string): Promise<Change> {
    const all = (await this.#records.list(`${from}/`)).map(({ record }) => record);
    return {
      put: all.map((profile) => ({
        key: this.#keyOf({ ...profile, project: to }),
        value: { ...profile, project: to },
      })),
      remove: all.map((profile) => this.#keyOf(profile)),
    };
  }

  /** What removes all that a project has, for the commit that removes the project. */
  async removed(project: string): Promise<Change> {
    return { remove: (await this.#records.list(`${project}/`)).map(({ record }) => this.#keyOf(record)) };
  }

  /** What makes the profile `default`, unless there is one, for the commit that makes its project. */
  async defaultMade(project: string, pool: string, network: string): Promise<Change> {
    const profile = defaultProfileOf(project, pool, network);
    if ((await this.#records.find(`${project}/${defaultProfile}`)) !== undefined) return {};
    return {
      expect: [{ key: this.#keyOf(profile), revision: 0 }],
      put: [{ key: this.#keyOf(profile), value: profile }],
    };
  }

  /** The profile `default` with a root disk in `pool` and `eth0` on `network`, unless there is one. */
  async ensureDefault(project: string, pool: string, network: string): Promise<Versioned<Profile>> {
    const id = `${project}/${defaultProfile}`;
    const found = await this.#records.find(id);
    if (found !== undefined) return found;
    return await this.#records.put(id, defaultProfileOf(project, pool, network), 0);
  }

  #keyOf({ project, name }: Profile): string {
    return this.#records.key(`${project}/${name}`);
  }
}

function defaultProfileOf(project: string, pool: string, network: string): Profile {
  return {
    ...{ name: defaultProfile, project, description: 'Default yurt profile', config: {} },
    devices: {
      eth0: { type: 'nic', name: 'eth0', network },
      root: { type: 'disk', path: '/', pool },
    },
  };
}

/** The tag of what a user may change of a profile. */
export function profileEtag({ description, config, devices }: ProfileContent): string {
  return etagOf({ description, config, devices });
}

/** Fault `invalid` unless the name can stand in a list of profiles and in an address. */
export function checkProfileName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) return;
  const rule = 'must be 1 to 63 letters, digits, ".", "_" or "-", and begin with a letter or digit';
  throw new Fault('invalid', `Invalid profile name "${name.slice(0, 80)}": it ${rule}`);
}

/** Refuses what no instance could use. `keys` are those that a profile may set. Fault `invalid`. */
export function checkProfileContent(keys: readonly ConfigKey[], { config, devices }: ProfileContent): void {
  checkConfig(keys, config);
  checkDevices(devices);
}

export const maxInstanceProfiles = 64;

/** The list of profiles of an instance: none twice, not too many. Fault `invalid`. */
export function checkProfileList(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Fault('invalid', `Profile "${twice.slice(0, 80)}" is named twice`);
  if (names.length > maxInstanceProfiles) throw new Fault('invalid', `More than ${maxInstanceProfiles} profiles`);
}

export function parseProfile(value: unknown): Profile {
  const profile = value as Profile; // written by this file only; the fields that matter are checked below
  if (typeof profile.name !== 'string' || typeof profile.config !== 'object' || typeof profile.devices !== 'object') {
    throw new TypeError('not a profile');
  }
  return profile;
}

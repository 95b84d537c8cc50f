import { Fault } from '../base/fault.ts';
import type { Collection, Versioned } from '../db/collection.ts';
import type { Devices } from '../devices/device.ts';

export interface Profile {
  readonly name: string;
  readonly project: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Devices;
}

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
    const found = await this.#records.find(`${await this.#home(project)}/${name}`);
    if (found === undefined) throw new Fault('not-found', `Profile "${name}" does not exist`);
    return found.record;
  }

  /** Gives a project, which has none, the profiles of another. */
  async copyAll(from: string, to: string): Promise<void> {
    for (const { record } of await this.#records.list(`${from}/`)) {
      const found = await this.#records.find(`${to}/${record.name}`);
      if (found === undefined) await this.#records.put(`${to}/${record.name}`, { ...record, project: to }, 0);
    }
  }

  /** Removes all that a project, which has no instances, has of its own. */
  async removeAll(project: string): Promise<void> {
    for (const { record } of await this.#records.list(`${project}/`))
      await this.#records.remove(`${project}/${record.name}`);
  }

  /** The profile `default` with a root disk in `pool` and `eth0` on `network`, unless there is one. */
  async ensureDefault(project: string, pool: string, network: string): Promise<Versioned<Profile>> {
    const id = `${project}/default`;
    const found = await this.#records.find(id);
    if (found !== undefined) return found;
    const profile: Profile = {
      name: 'default',
      project,
      description: 'Default yurt profile',
      config: {},
      devices: {
        eth0: { type: 'nic', name: 'eth0', network },
        root: { type: 'disk', path: '/', pool },
      },
    };
    return await this.#records.put(id, profile, 0);
  }
}

export function parseProfile(value: unknown): Profile {
  const profile = value as Profile; // written by this file only; the fields that matter are checked below
  if (typeof profile.name !== 'string' || typeof profile.config !== 'object' || typeof profile.devices !== 'object') {
    throw new TypeError('not a profile');
  }
  return profile;
}

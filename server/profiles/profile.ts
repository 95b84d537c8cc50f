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

  constructor(records: Collection<Profile>) {
    this.#records = records;
  }

  async list(project: string): Promise<Profile[]> {
    return (await this.#records.list(`${project}/`)).map(({ record }) => record);
  }

  async get(project: string, name: string): Promise<Profile> {
    const found = await this.#records.find(`${project}/${name}`);
    if (found === undefined) throw new Fault('not-found', `Profile "${name}" does not exist`);
    return found.record;
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

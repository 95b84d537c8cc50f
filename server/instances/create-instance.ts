import { randomUUID } from 'node:crypto';
import { checkConfig } from '../base/config-key.ts';
import { checkDescription } from '../base/description.ts';
import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import type { Task } from '../base/task.ts';
import { checkDevices } from '../devices/check-devices.ts';
import type { Devices } from '../devices/device.ts';
import { checkProfileList, type Profile } from '../profiles/profile.ts';
import type { StorageDriver } from '../storage/contract.ts';
import type { Admission } from './admission.ts';
import { checkExpanded, futureOwner } from './check-expanded.ts';
import { instanceKeys } from './config-keys.ts';
import { expand, type Instance } from './instance.ts';
import type { InstanceRecords } from './instance-records.ts';
import { checkInstanceName, randomInstanceName } from './name.ts';
import { type MakeHwaddr, madeHwaddrs, withHwaddrs } from './nic-addresses.ts';
import { wantedIdsOf } from './spec-options.ts';
import type { StaticAddresses } from './static-addresses.ts';
import { storedContent } from './stored-content.ts';
import type { InstanceMetadataRecords, SourceTemplates } from './templates/instance-metadata.ts';
import { withPendingTrigger } from './templates/pending-trigger.ts';
import type { ProfileUse } from './update-instance.ts';

/** An image as an instance's creation needs it. */
export interface SourceImage {
  readonly fingerprint: string;
  readonly architecture: string;
  readonly properties: Readonly<Record<string, string>>;
}

export interface CreateRequest {
  readonly name: string;
  readonly project: string;
  readonly image: string;
  readonly description: string;
  readonly ephemeral: boolean;
  readonly profiles: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Devices;
}

/** A request that was checked against everything that exists: nothing about it is wrong any more. */
export interface CreatePlan {
  readonly request: CreateRequest;
  readonly devices: Devices;
  readonly image: SourceImage;
  readonly pool: string;
}

export interface CreateDeps {
  readonly records: InstanceRecords;
  readonly admission: Admission;
  readonly profile: (project: string, name: string) => Promise<Profile>;
  readonly image: (project: string, reference: string) => Promise<SourceImage>;
  /** The templates of an image; undefined when it has none. */
  readonly templates: (fingerprint: string) => Promise<SourceTemplates | undefined>;
  readonly metadata: Pick<InstanceMetadataRecords, 'changeFor'>;
  readonly unpackImage: (task: Task, fingerprint: string, directory: string) => Promise<void>;
  /** See `UpdateDeps`. */
  readonly profileUse: ProfileUse;
  readonly pool: (name: string) => StorageDriver;
  readonly checkNetwork: (name: string) => void;
  readonly addresses: Pick<StaticAddresses, 'check'>;
  /** Faults of what devices need and the host lacks. */
  readonly checkDevices: (devices: Devices) => Promise<void>;
  readonly hwaddr: MakeHwaddr;
}

/** How often a random name may be taken before we give up. */
const maxRandomNames = 100;

export class InstanceCreator {
  readonly #deps: CreateDeps;

  constructor(deps: CreateDeps) {
    this.#deps = deps;
  }

  /** Checks all that can be checked before anything changes. Faults: `invalid`, `not-found`, `already-exists`. */
  async plan(requested: CreateRequest): Promise<CreatePlan> {
    const { records, profile } = this.#deps;
    const request = storedContent(requested);
    if (request.name !== '') checkInstanceName(request.name);
    if (request.image === '') throw new Fault('invalid', 'The image to create the instance from is missing');
    checkDescription(request.description);
    checkProfileList(request.profiles);
    checkConfig(instanceKeys, request.config);
    checkNoMemory(request.config);
    checkDevices(request.devices);
    const profiles = await Promise.all(request.profiles.map((name) => profile(request.project, name)));
    const expanded = expand(request, profiles);
    const { pool } = checkExpanded(expanded, this.#deps);
    this.#deps.pool(pool);
    await this.#deps.checkDevices(expanded.devices);
    const name = request.name === '' ? await freeName(records, request.project) : request.name;
    if ((await records.find(request.project, name)) !== undefined) {
      throw new Fault('already-exists', `Instance "${name}" already exists`);
    }
    // Refused at once, and again when the record is written: another creation may come in between.
    await this.#deps.admission.admit({ ...request, name, uuid: '' }, async () => {});
    return {
      request: { ...request, name },
      devices: expanded.devices,
      image: await this.#deps.image(request.project, request.image),
      pool,
    };
  }

  /** Makes record and root. Undoes itself; after `kill -9` the record's phase tells the next server to remove both. */
  async create(task: Task, plan: CreatePlan): Promise<Instance> {
    const { records } = this.#deps;
    const { fingerprint } = plan.image;
    const pool = this.#deps.pool(plan.pool);
    await using revert = new Revert(task.log);
    const instance = await this.#add(plan);
    revert.push('remove the record', () => records.remove(instance));
    if (!(await pool.hasImage(fingerprint))) {
      task.report({ stage: 'Unpacking image' });
      await pool.createImage(task, fingerprint, (directory) => this.#deps.unpackImage(task, fingerprint, directory));
    }
    task.signal.throwIfAborted();
    await pool.createInstance(task, instance.uuid, fingerprint, instance.idMap);
    revert.push('remove the root', () => pool.deleteInstance(task, instance.uuid));
    const ready = await records.update(instance, { phase: 'ready' });
    revert.commit();
    return ready;
  }

  /** Writes the record while no profile changes or goes: what the plan was checked against still holds. */
  async #add(plan: CreatePlan): Promise<Instance> {
    const { records, metadata, profile, profileUse, addresses } = this.#deps;
    const { request } = plan;
    const templates = await this.#deps.templates(plan.image.fingerprint);
    return await profileUse.run(request.project, async () => {
      const profiles = await Promise.all(request.profiles.map((name) => profile(request.project, name)));
      const expanded = expand(request, profiles);
      const { pool } = checkExpanded(expanded, this.#deps);
      if (pool !== plan.pool) throw new Fault('conflict', 'A profile was changed in the meantime');
      const record = await this.#record({ ...plan, devices: expanded.devices });
      await addresses.check({ ...futureOwner, ...record }, expanded);
      return await records.add(record, wantedIdsOf(expanded.config), metadata.changeFor(record, templates));
    });
  }

  async #record({ request, devices, image, pool }: CreatePlan): Promise<Omit<Instance, 'idMap'>> {
    const uuid = randomUUID();
    const now = new Date().toISOString();
    const imageConfig = Object.entries(image.properties).map(([key, value]) => [`image.${key}`, value]);
    const config = {
      ...Object.fromEntries(imageConfig),
      ...request.config,
      'volatile.base_image': image.fingerprint,
    };
    const pending = withPendingTrigger(config, 'create');
    const taken = madeHwaddrs(await this.#deps.records.list());
    return {
      uuid,
      name: request.name,
      project: request.project,
      description: request.description,
      architecture: image.architecture,
      ephemeral: request.ephemeral,
      profiles: request.profiles,
      config: withHwaddrs({ uuid, config: pending }, devices, taken, this.#deps.hwaddr),
      devices: request.devices,
      createdAt: now,
      lastUsedAt: '',
      image: { fingerprint: image.fingerprint, description: image.properties['description'] ?? '' },
      pool,
      phase: 'creating',
      power: 'stopped',
      startedAt: '',
    };
  }
}

/** A random name that no instance of the project has. Fault `exhausted`. */
export async function freeName(records: InstanceRecords, project: string): Promise<string> {
  for (let attempt = 0; attempt < maxRandomNames; attempt += 1) {
    const name = randomInstanceName();
    if ((await records.find(project, name)) === undefined) return name;
  }
  throw new Fault('exhausted', 'No free random name was found: give the instance a name');
}

/** What yurt remembers is nobody else's to say. Fault `invalid`. */
function checkNoMemory(config: CreateRequest['config']): void {
  const key = Object.keys(config).find((name) => name.startsWith('volatile.'));
  if (key === undefined) return;
  throw new Fault('invalid', `${key.slice(0, 80)} is what yurt itself remembers: it cannot be set`);
}

import { randomUUID } from 'node:crypto';
import { checkConfig, withoutEmpty } from '../base/config-key.ts';
import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import { ownTask, type Task } from '../base/task.ts';
import { checkDevices } from '../devices/check-devices.ts';
import type { Devices } from '../devices/device.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Source, StorageDriver } from '../storage/contract.ts';
import { checkExpanded, type Surroundings } from './check-expanded.ts';
import { instanceKeys } from './config-keys.ts';
import { expand, type Instance, isVolatileKey } from './instance.ts';
import type { InstanceRecords } from './instance-records.ts';
import { checkInstanceName } from './name.ts';
import { type MakeHwaddr, madeHwaddrs, withHwaddrs } from './nic-addresses.ts';
import { stayInPool } from './stay-in-pool.ts';
import type { InstanceMetadataRecords } from './templates/instance-metadata.ts';
import { applyTemplateKey, withPendingTrigger } from './templates/pending-trigger.ts';
import type { ProfileUse } from './update-instance.ts';

/** What a copy takes over from an instance, as it is or as a snapshot has kept it. */
export type Original = Pick<
  Instance,
  'architecture' | 'description' | 'profiles' | 'config' | 'devices' | 'image' | 'pool'
>;

export interface CopyRequest {
  readonly project: string;
  readonly source: string;
  /** Empty: the instance as it is. */
  readonly snapshot: string;
  readonly targetProject: string;
  readonly name: string;
  readonly ephemeral: boolean;
  /** Undefined: those of the original. */
  readonly profiles: readonly string[] | undefined;
  /** Win over those of the original; an empty value removes one. */
  readonly config: Readonly<Record<string, string>>;
  /** Options win over those of a device of the same name, own or from a profile. */
  readonly devices: Devices;
  readonly instanceOnly: boolean;
  /** Brings a copy that exists up to date instead, see `InstanceRefresher`. */
  readonly refresh: boolean;
  /** Empty, or the pool of the source: there is no way into another. */
  readonly pool: string;
}

/** A copy that was checked against everything that exists. */
export interface CopyPlan {
  readonly source: Instance;
  /** The uuid of the snapshot that it is a copy of, if of one. */
  readonly snapshot: string | undefined;
  readonly original: Original;
  readonly request: CopyRequest;
}

export interface CopyDeps {
  readonly records: InstanceRecords;
  /** Held, by project, by whoever begins to use a profile. */
  readonly profileUse: ProfileUse;
  readonly profile: (project: string, name: string) => Promise<Profile>;
  readonly pool: (name: string) => StorageDriver;
  readonly surroundings: Surroundings;
  readonly metadata: Pick<InstanceMetadataRecords, 'changeForCopy'>;
  readonly hwaddr: MakeHwaddr;
  /** Fault `not-found`. */
  readonly snapshot: (instance: Instance, name: string) => Promise<{ uuid: string; kept: Omit<Original, 'pool'> }>;
  /** The instance as storage needs it: with the way to hold it still while it runs. */
  readonly sourceOf: (instance: Instance) => Promise<Source>;
  /** Gives a copy the snapshots of its original. Undone when a later step fails. */
  readonly copySnapshots: (task: Task, revert: Revert, from: Instance, to: Instance) => Promise<void>;
  readonly freeName: (project: string) => Promise<string>;
}

export class InstanceCopier {
  readonly #deps: CopyDeps;

  constructor(deps: CopyDeps) {
    this.#deps = deps;
  }

  /** Checks all that can be checked before anything changes. Faults: `invalid`, `not-found`, `already-exists`. */
  async plan(request: CopyRequest): Promise<CopyPlan> {
    const { records, snapshot, freeName } = this.#deps;
    const source = await records.get(request.project, request.source);
    stayInPool(source, request.pool, this.#deps.pool);
    const kept = request.snapshot === '' ? undefined : await snapshot(source, request.snapshot);
    if (request.name !== '') checkInstanceName(request.name);
    const name = request.name === '' ? await freeName(request.targetProject) : request.name;
    if ((await records.find(request.targetProject, name)) !== undefined) {
      throw new Fault('already-exists', `Instance "${name}" already exists`);
    }
    const original = { ...source, ...kept?.kept };
    const instanceOnly = request.instanceOnly || kept !== undefined;
    const plan = { source, snapshot: kept?.uuid, original, request: { ...request, name, instanceOnly } };
    await this.#record(plan.request, original);
    return plan;
  }

  /** Makes record, root and snapshots. Undoes itself; after `kill -9` the phase tells the next server to remove them. */
  async copy(task: Task, plan: CopyPlan): Promise<Instance> {
    const { records, copySnapshots, sourceOf, profileUse } = this.#deps;
    const { source, snapshot } = plan;
    const pool = this.#deps.pool(source.pool);
    await using revert = new Revert(task.log);
    // What the plan was checked against may have changed: the record is made while no profile changes or goes.
    const add = async () => {
      const record = await this.#record(plan.request, plan.original);
      const templates = await this.#deps.metadata.changeForCopy({ uuid: snapshot ?? source.uuid }, record);
      return await records.add(record, undefined, templates);
    };
    const instance = await profileUse.run(plan.request.targetProject, add);
    revert.push('remove the record', () => records.remove(instance));
    task.signal.throwIfAborted();
    const from = snapshot === undefined ? await sourceOf(source) : { id: snapshot };
    await pool.copyInstance(task, instance.uuid, from, instance.idMap);
    revert.push('remove the root', () => pool.deleteInstance(ownTask(task.log), instance.uuid));
    if (!plan.request.instanceOnly) await copySnapshots(task, revert, source, instance);
    const ready = await records.update(instance, { phase: 'ready' });
    revert.commit();
    return ready;
  }

  /** What a copy is recorded as: an instance of its own, with nothing of what yurt remembers of the other. */
  async #record(request: CopyRequest, original: Original): Promise<Omit<Instance, 'idMap'>> {
    const uuid = randomUUID();
    const profiles = request.profiles ?? original.profiles;
    if (new Set(profiles).size !== profiles.length) throw new Fault('invalid', 'A profile is named twice');
    checkConfig(instanceKeys, request.config);
    const foreign = Object.keys(request.config).find(isVolatileKey);
    if (foreign !== undefined) throw new Fault('invalid', `${foreign.slice(0, 80)} is what yurt itself remembers`);
    const own = withoutEmpty({
      ...Object.fromEntries(Object.entries(original.config).filter(([key]) => isCopied(key))),
      ...request.config,
    });
    const config = withPendingTrigger(own, 'copy');
    const found = await Promise.all(profiles.map((name) => this.#deps.profile(request.targetProject, name)));
    const inherited = expand({ config, devices: original.devices }, found).devices;
    const devices = { ...original.devices, ...overridden(inherited, request.devices) };
    checkDevices(devices);
    const expanded = expand({ config, devices }, found);
    const { pool } = checkExpanded(expanded, this.#deps.surroundings);
    stayInPool({ name: request.source, pool: original.pool }, pool, this.#deps.pool);
    const taken = madeHwaddrs(await this.#deps.records.list());
    return {
      uuid,
      name: request.name,
      project: request.targetProject,
      description: original.description,
      architecture: original.architecture,
      ephemeral: request.ephemeral,
      profiles,
      config: withHwaddrs({ uuid, config }, expanded.devices, taken, this.#deps.hwaddr),
      devices,
      createdAt: new Date().toISOString(),
      lastUsedAt: '',
      image: original.image,
      pool,
      phase: 'creating',
      power: 'stopped',
      startedAt: '',
    };
  }
}

/** Addresses and the like belong to the original; which image its root stands on and what is due to it, both. */
function isCopied(key: string): boolean {
  return !isVolatileKey(key) || key === 'volatile.base_image' || key === applyTemplateKey;
}

/** Each named device with its options over those that it has already. */
function overridden(devices: Devices, overrides: Devices): Devices {
  return Object.fromEntries(
    Object.entries(overrides).map(([name, options]) => [name, withoutEmpty({ ...devices[name], ...options })]),
  );
}

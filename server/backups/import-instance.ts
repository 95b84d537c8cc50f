import { randomUUID } from 'node:crypto';
import { checkConfig, withoutEmpty } from '../base/config-key.ts';
import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import { ownTask, type Task } from '../base/task.ts';
import { checkDevices } from '../devices/check-devices.ts';
import type { Device, Devices } from '../devices/device.ts';
import { withRootIn } from '../devices/root-disk.ts';
import { isHwaddrKey } from '../devices/types/nic.ts';
import type { Events } from '../events/events.ts';
import { type ImageLimits, imageLimits } from '../images/image-filter.ts';
import { parseMetadata } from '../images/image-metadata.ts';
import { isFingerprint } from '../images/image-name.ts';
import type { ProjectAdmission } from '../instances/admission.ts';
import { checkExpanded, type Surroundings } from '../instances/check-expanded.ts';
import { instanceKeys } from '../instances/config-keys.ts';
import type { HeldWork } from '../instances/held-work.ts';
import { expand, type Instance, isVolatileKey, resourceOf } from '../instances/instance.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import { checkInstanceName } from '../instances/name.ts';
import { type MakeHwaddr, madeHwaddrs, withHwaddrs } from '../instances/nic-addresses.ts';
import { wantedIdsOf } from '../instances/spec-options.ts';
import { checkMetadata, type InstanceMetadataRecords } from '../instances/templates/instance-metadata.ts';
import { applyTemplateKey, withPendingTrigger } from '../instances/templates/pending-trigger.ts';
import type { ProfileUse } from '../instances/update-instance.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Kept, Snapshot } from '../snapshots/snapshot.ts';
import type { SnapshotRecords } from '../snapshots/snapshot-records.ts';
import type { SnapshotTaker } from '../snapshots/take-snapshot.ts';
import type { StorageDriver } from '../storage/contract.ts';
import type { BackupIndex } from './backup-index.ts';
import { type BackupMetadata, BackupReader } from './backup-reader.ts';

/** Of a pool, so much stays free for those who run. */
const keptFreeShare = 0.05;

export interface ImportRequest {
  readonly project: string;
  /** Empty: the name in the backup. */
  readonly name: string;
  /** Pool of the root disk; empty: as the backup and its profiles say. */
  readonly pool: string;
  /** Options win over those of a device of the same name, own or from a profile. */
  readonly devices: Devices;
}

/** An instance that comes in as a backup, for a caller that holds its name. */
export interface Arrival extends ImportRequest {
  /** What it is to be of what the backup says. What this server does not know is gone by then. Faults are its own. */
  readonly adapt: (kept: Kept) => Kept;
  /** Whether it may be what the backup says: asked for the instance and for each snapshot. Faults are its own. */
  readonly check: (kept: Kept, snapshot?: string) => Promise<void>;
  /** Fault `unsupported` for what this server does not know, instead of a warning. */
  readonly whole: boolean;
  /** Snapshots that are here already: the backup names them, and has no roots of them. */
  readonly known: readonly Snapshot[];
  /** It holds for as long as another instance is refreshed. */
  readonly standIn: boolean;
}

/** A backup that comes from a file is taken as it is. */
const fromFile = { check: async () => {}, whole: false, known: [], standIn: false };

/** What becomes of what this server does not know: see `Arrival`. */
interface Judging {
  readonly warnings: Set<string>;
  readonly whole: boolean;
}

export interface Imported {
  readonly instance: Instance;
  /** What the backup had and this server has not. */
  readonly warnings: readonly string[];
}

export interface ImportDeps {
  readonly admission: Pick<ProjectAdmission, 'checkAllowed'>;
  readonly records: InstanceRecords;
  readonly snapshots: SnapshotRecords;
  readonly taker: Pick<SnapshotTaker, 'remove' | 'copySome'>;
  readonly metadata: Pick<InstanceMetadataRecords, 'put'>;
  readonly pool: (name: string) => StorageDriver;
  readonly work: HeldWork;
  readonly profileUse: ProfileUse;
  readonly profile: (project: string, name: string) => Promise<Profile>;
  readonly surroundings: Surroundings;
  readonly hwaddr: MakeHwaddr;
  readonly events: Events;
  readonly limits: ImageLimits;
  /** The architecture of this host. */
  readonly architecture: string;
  /** Unpacks a harmless tar archive into an empty directory. */
  readonly unpack: (task: Task, directory: string, content: AsyncIterable<Uint8Array>) => Promise<void>;
}

/** Makes instances of backups. */
export class InstanceImporter {
  readonly #deps: ImportDeps;

  constructor(deps: ImportDeps) {
    this.#deps = deps;
  }

  /**
   * Reads a hostile backup to its end and makes the instance, with ids of its own. Undoes itself; after `kill -9` the
   * phase in the record tells the next server to remove it. Faults: `invalid`, `unsupported`, `already-exists`,
   * `forbidden`, `exhausted`, `not-found` for a profile, pool or network.
   */
  async import(task: Task, request: ImportRequest, content: AsyncIterable<Uint8Array>): Promise<Imported> {
    const { admission, work, events, limits } = this.#deps;
    await admission.checkAllowed(request.project, 'backups');
    if (request.name !== '') checkInstanceName(request.name);
    const reader = new BackupReader(content, limits);
    try {
      const index = await reader.index();
      const name = request.name === '' ? index.name : request.name;
      using _held = work.hold({ project: request.project, name }, 'created');
      const adapt = (kept: Kept) => renamed(kept, index.name, name);
      const imported = await this.#makeAll(task, { ...request, ...fromFile, adapt, name }, index, reader);
      const { instance } = imported;
      events.lifecycle('instance-created', resourceOf(instance), { source: 'backup' }, instance.project);
      return imported;
    } catch (error) {
      throw Fault.during('Cannot import the backup', error);
    } finally {
      await reader.close();
    }
  }

  /** The same for a caller that holds the name, and announces the instance. */
  async receive(task: Task, request: Arrival, content: AsyncIterable<Uint8Array>): Promise<Imported> {
    const reader = new BackupReader(content, this.#deps.limits);
    try {
      return await this.#makeAll(task, request, await reader.index(), reader);
    } finally {
      await reader.close();
    }
  }

  async #makeAll(task: Task, request: Arrival, index: BackupIndex, reader: BackupReader): Promise<Imported> {
    const warnings = new Set<string>();
    const instance = await this.#make(task, request, index, reader, warnings);
    return { instance, warnings: [...warnings] };
  }

  async #make(
    task: Task,
    request: Arrival,
    index: BackupIndex,
    reader: BackupReader,
    warnings: Set<string>,
  ): Promise<Instance> {
    const { records, profileUse } = this.#deps;
    if ((await records.find(request.project, request.name)) !== undefined) {
      throw new Fault('already-exists', `Instance "${request.name}" already exists`);
    }
    await using revert = new Revert(task.log);
    const here = new Set(request.known.map(({ name }) => name));
    await request.check(index.instance);
    for (const { kept, name } of index.snapshots) if (!here.has(name)) await request.check(kept, name);
    const kept = this.#known(index.instance, { warnings, whole: request.whole });
    const instance = await profileUse.run(request.project, async () => {
      const { record, ids } = await this.#record(request, request.adapt(kept));
      return await records.add(record, ids);
    });
    revert.push('remove the record', () => records.remove(instance));
    const pool = this.#deps.pool(instance.pool);
    revert.push('remove the root', () => pool.deleteInstance(ownTask(task.log), instance.uuid));
    reader.allow(await roomFor(pool));
    await this.#deps.taker.copySome(task, revert, request.known, instance);
    const missing = new Set(index.snapshots.map(({ name }) => name).filter((name) => !here.has(name)));
    let whole = false;
    for await (const { snapshot, content, metadata } of reader.roots()) {
      if (whole) throw new Fault('invalid', 'The backup has roots after that of the instance');
      if (snapshot !== undefined && !missing.delete(snapshot)) {
        throw new Fault('invalid', 'The backup has the root of a snapshot that its index does not name');
      }
      await pool.fillInstance(task, instance.uuid, instance.idMap, (directory) =>
        this.#deps.unpack(task, directory, content),
      );
      const judging = { warnings, whole: request.whole };
      const kept =
        snapshot === undefined ? instance : await this.#begin(task, revert, instance, index, snapshot, judging);
      await this.#describe(kept.uuid, metadata(), judging);
      if ('instance' in kept) await this.#keep(task, pool, instance, kept);
      else whole = true;
    }
    if (!whole) throw new Fault('invalid', 'The backup has no root of the instance');
    const [lost] = missing;
    if (lost !== undefined) throw new Fault('invalid', `The backup has no root of snapshot "${lost}"`);
    // What stands in for another is not there to stay: a server that finds it removes it.
    const ready = request.standIn ? instance : await records.update(instance, { phase: 'ready' });
    revert.commit();
    return ready;
  }

  async #begin(
    task: Task,
    revert: Revert,
    instance: Instance,
    index: BackupIndex,
    name: string,
    judging: Judging,
  ): Promise<Snapshot> {
    const { snapshots, taker } = this.#deps;
    const found = index.snapshots.find((each) => each.name === name);
    if (found === undefined) throw new Fault('internal', 'A snapshot lost its description');
    const { createdAt, expiresAt } = found;
    const head = { uuid: randomUUID(), instance: instance.uuid, name, pool: instance.pool, createdAt, expiresAt };
    const kept = this.#known(found.kept, judging);
    const devices = withRootIn(instance.pool, kept.devices, instance.devices);
    const begun = await snapshots.add({ ...head, phase: 'creating', kept: { ...kept, devices } }, {});
    revert.push('remove a snapshot', () => taker.remove(ownTask(task.log), begun));
    return begun;
  }

  /** What the root is at the moment becomes that of the snapshot, and is free for the next. */
  async #keep(task: Task, pool: StorageDriver, { uuid }: Instance, begun: Snapshot): Promise<void> {
    await pool.createSnapshot(task, begun.uuid, { id: uuid });
    await this.#deps.snapshots.replace(begun, undefined);
    await pool.deleteInstance(task, uuid);
  }

  /** Keeps the templates of an instance or a snapshot; those that this server does not understand are left out. */
  async #describe(uuid: string, { text, files }: BackupMetadata, { warnings, whole }: Judging): Promise<void> {
    if (text === undefined) return;
    try {
      const { architecture, creationDate, properties, templates } = parseMetadata(text);
      const found = { architecture, creationDate, properties, rules: templates, files };
      checkMetadata(found);
      await this.#deps.metadata.put(uuid, found, 0);
    } catch (error) {
      const fault = Fault.from(error);
      if (whole || (fault.code !== 'invalid' && fault.code !== 'exhausted')) throw fault;
      warnings.add(`Left out the templates: ${fault.message.slice(0, 400)}`);
    }
  }

  /** Without what this server does not know, or remembers of other instances. */
  #known(kept: Kept, { warnings, whole }: Judging): Kept {
    const unknown = new Set<string>();
    if (kept.architecture !== this.#deps.architecture) {
      throw new Fault('unsupported', `It is for ${kept.architecture.slice(0, 40)}, not for ${this.#deps.architecture}`);
    }
    const config = Object.entries(withoutEmpty(kept.config)).filter(([key, value]) => {
      if (isVolatileKey(key)) return isOfInstance(key, value);
      return works(() => checkConfig(instanceKeys, { [key]: value }), `configuration key ${key}`, unknown);
    });
    const devices = Object.entries(kept.devices).filter(([name, device]) =>
      works(() => this.#checkDevice(name, device), `device ${name}`, unknown),
    );
    const [first] = unknown;
    if (whole && first !== undefined) throw new Fault('unsupported', `It would lose a part here. ${first}`);
    for (const each of unknown) warnings.add(each);
    const image = isFingerprint(kept.image.fingerprint) ? kept.image : { ...kept.image, fingerprint: '' };
    return { ...kept, image, config: Object.fromEntries(config), devices: Object.fromEntries(devices) };
  }

  #checkDevice(name: string, device: Device): void {
    checkDevices({ [name]: device });
    if (device['type'] === 'nic' && device['network'] !== undefined) {
      this.#deps.surroundings.checkNetwork(device['network']);
    }
  }

  async #record(request: Arrival, kept: Kept) {
    const { records, surroundings, profile, hwaddr } = this.#deps;
    const uuid = randomUUID();
    const found = await Promise.all(kept.profiles.map((name) => profile(request.project, name)));
    const inherited = expand(kept, found).devices;
    const devices: Record<string, Device> = { ...kept.devices };
    for (const [name, options] of Object.entries(this.#overrides(request, inherited))) {
      devices[name] = withoutEmpty({ ...inherited[name], ...options });
    }
    const taken = madeHwaddrs(await records.list());
    const config = Object.fromEntries(
      Object.entries(kept.config).filter(([key, value]) => !isHwaddrKey(key) || !taken.has(value)),
    );
    const expanded = expand({ config, devices }, found);
    const { pool } = checkExpanded(expanded, surroundings);
    this.#deps.pool(pool);
    const record: Omit<Instance, 'idMap'> = {
      ...{ uuid, name: request.name, project: request.project, devices, pool },
      ...{ description: kept.description, architecture: kept.architecture, ephemeral: kept.ephemeral },
      ...{ profiles: kept.profiles, image: kept.image },
      ...(request.standIn ? { standIn: true } : {}),
      config: withHwaddrs({ uuid, config }, expanded.devices, taken, hwaddr),
      ...{ createdAt: new Date().toISOString(), lastUsedAt: '', phase: 'creating', power: 'stopped', startedAt: '' },
    };
    return { record, ids: wantedIdsOf(expanded.config) };
  }

  /** The wanted pool is an option of the root disk, whatever that is called. */
  #overrides({ pool, devices }: ImportRequest, inherited: Devices): Devices {
    if (pool === '') return devices;
    const [root] = Object.entries(inherited).find(([, { type, path }]) => type === 'disk' && path === '/') ?? ['root'];
    return { ...devices, [root]: { type: 'disk', path: '/', ...devices[root], pool } };
  }
}

/** Under another name than the backup has, as after a rename: its files are to name it so. */
function renamed<Of extends Pick<Kept, 'config'>>(kept: Of, from: string, to: string): Of {
  return from === to ? kept : { ...kept, config: withPendingTrigger(kept.config, 'rename') };
}

/** What a backup may take of a pool: what is free, but for a share that stays for those who run. */
async function roomFor(pool: StorageDriver): Promise<number> {
  const { usedBytes, totalBytes } = await pool.poolUsage();
  if (totalBytes === undefined) return imageLimits.maxUnpackedBytes;
  return Math.max(0, Math.floor(totalBytes - usedBytes - totalBytes * keptFreeShare));
}

/** What yurt remembers of an instance for as long as it is the same: the rest is about where it is. */
function isOfInstance(key: string, value: string): boolean {
  if (isHwaddrKey(key)) return /^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/.test(value);
  return key === 'volatile.base_image' ? isFingerprint(value) : key === applyTemplateKey;
}

function works(check: () => void, what: string, warnings: Set<string>): boolean {
  try {
    check();
    return true;
  } catch (error) {
    warnings.add(`Left out ${JSON.stringify(what.slice(0, 120))}: ${Fault.from(error).message.slice(0, 400)}`);
    return false;
  }
}

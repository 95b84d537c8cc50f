import { randomUUID } from 'node:crypto';
import type { Arrival, Imported, InstanceImporter } from '../backups/import-instance.ts';
import { checkConfig, withoutEmpty } from '../base/config-key.ts';
import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import { ownTask, type Task } from '../base/task.ts';
import type { Devices } from '../devices/device.ts';
import { isHwaddrKey } from '../devices/types/nic.ts';
import type { Events } from '../events/events.ts';
import type { ProjectAdmission } from '../instances/admission.ts';
import { announce } from '../instances/announce.ts';
import { instanceKeys } from '../instances/config-keys.ts';
import type { InstanceDeleter } from '../instances/delete-instance.ts';
import type { HeldWork } from '../instances/held-work.ts';
import { type Instance, isVolatileKey } from '../instances/instance.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import { checkInstanceName } from '../instances/name.ts';
import type { InstanceRefresher } from '../instances/refresh-instance.ts';
import { withPendingTrigger } from '../instances/templates/pending-trigger.ts';
import type { OperationResult } from '../operations/operation.ts';
import { defaultProfile, type Profile } from '../profiles/profile.ts';
import type { Kept, Snapshot } from '../snapshots/snapshot.ts';
import type { SnapshotRecords } from '../snapshots/snapshot-records.ts';
import { receiveAll, withChannel } from './carry.ts';
import { checkHostAccess, unsaidDevices } from './host-access.ts';
import type { KnownSnapshot, OpenedEnd } from './send-instance.ts';
import type { EndRequest, TransferEnds, WaitingEnd } from './transfer-ends.ts';

export interface ReceiveInstanceRequest {
  readonly project: string;
  readonly name: string;
  readonly ephemeral: boolean;
  /** Undefined: those of the source. */
  readonly profiles: readonly string[] | undefined;
  /** Win over those of the source; an empty value removes one. */
  readonly config: Readonly<Record<string, string>>;
  /** Options win over those of a device of the same name, own or from a profile. */
  readonly devices: Devices;
  /** Of the root disk; empty: as the configuration says. */
  readonly pool: string;
  readonly start: boolean;
  /** Brings an instance that exists up to date. */
  readonly refresh: boolean;
  /** It is the same instance, with its addresses, and nothing of it may be left out. */
  readonly move: boolean;
  readonly allowHostAccess: boolean;
  /** Leaves the snapshots of an instance that is refreshed alone. */
  readonly instanceOnly: boolean;
}

export interface ReceiveDeps {
  readonly admission: Pick<ProjectAdmission, 'checkAllowed'>;
  readonly records: InstanceRecords;
  readonly snapshots: SnapshotRecords;
  readonly importer: Pick<InstanceImporter, 'receive'>;
  readonly refresher: Pick<InstanceRefresher, 'checkTarget' | 'refresh'>;
  readonly deleter: Pick<InstanceDeleter, 'finish'>;
  readonly profile: (project: string, name: string) => Promise<Profile>;
  readonly work: HeldWork;
  readonly events: Events;
  readonly ends: TransferEnds;
  /** Starts an instance that the caller holds. */
  readonly start: (task: Task, instance: Instance) => Promise<void>;
}

/** The ends that instances arrive at a server by. What arrives is hostile. */
export class InstanceReceiver {
  readonly #deps: ReceiveDeps;

  constructor(deps: ReceiveDeps) {
    this.#deps = deps;
  }

  /** Checks first. Faults: `already-exists`, `forbidden`, `invalid`, `not-found` for a profile, `wrong-state`, `exhausted`. */
  async open(
    request: ReceiveInstanceRequest,
    parties: EndRequest,
  ): Promise<OpenedEnd & { readonly known: readonly KnownSnapshot[] }> {
    const { admission, records, snapshots, refresher } = this.#deps;
    await admission.checkAllowed(request.project, 'backups');
    checkInstanceName(request.name);
    checkGiven(request);
    for (const name of request.profiles ?? []) await this.#deps.profile(request.project, name);
    const existing = await records.find(request.project, request.name);
    if (existing === undefined) return { ...this.#begin(request, parties), known: [] };
    if (!request.refresh) throw new Fault('already-exists', `Instance "${request.name}" already exists`);
    checkNothingGiven(request);
    refresher.checkTarget(existing);
    const all = request.instanceOnly ? [] : await snapshots.list(existing.uuid);
    const known = all.filter(({ phase }) => phase === 'ready');
    return { ...this.#beginRefresh(request, existing, known, parties), known };
  }

  #begin(request: ReceiveInstanceRequest, parties: EndRequest): OpenedEnd {
    const { work, events, ends } = this.#deps;
    const { name, project } = request;
    const end = ends.open(parties);
    const about = { kind: 'instance.receive', description: `Receiving instance ${name}` };
    const operation = work.begin([[{ name, project }, 'created']], about, async (task) => {
      try {
        const { instance, warnings } = await this.#receive(task, end, this.#checked(request, arrivalOf(request)));
        announce(events, 'instance-created', instance, { source: 'transfer' });
        return await this.#started(task, instance, request.start, warnings);
      } catch (error) {
        throw Fault.during(`Cannot create instance "${name}"`, error);
      }
    });
    return { operation, secret: end.secret };
  }

  /**
   * What arrives becomes an instance of its own first, which goes in the end: at no moment is the one that is refreshed
   * half old and half new.
   */
  #beginRefresh(
    request: ReceiveInstanceRequest,
    target: Instance,
    known: readonly Snapshot[],
    parties: EndRequest,
  ): OpenedEnd {
    const { work, ends, events } = this.#deps;
    const { name, project } = target;
    const standIn = `refresh-${randomUUID().slice(0, 13)}`;
    const end = ends.open(parties);
    const about = { kind: 'instance.refresh', description: `Refreshing instance ${name}` };
    const held = [
      [target, 'refreshed'],
      [{ name: standIn, project }, 'created'],
    ] as const;
    const operation = work.begin(held, about, async (task) => {
      try {
        const arrival = this.#checked(request, standInOf(request, target, standIn, known));
        const refreshed = await this.#refresh(task, end, arrival, target, request.instanceOnly);
        announce(events, 'instance-updated', refreshed, { source: 'transfer' });
        return await this.#started(task, refreshed, request.start, []);
      } catch (error) {
        throw Fault.during(`Cannot refresh instance "${name}"`, error);
      }
    });
    return { operation, secret: end.secret };
  }

  async #refresh(
    task: Task,
    end: WaitingEnd,
    arrival: Arrival,
    { project, name }: Instance,
    instanceOnly: boolean,
  ): Promise<Instance> {
    const { records, refresher, deleter } = this.#deps;
    await using cleanUp = new Revert(task.log); // never committed
    const refresh = async ({ instance }: Imported) => {
      cleanUp.push('remove what arrived', () => deleter.finish(ownTask(task.log), instance));
      const target = await records.get(project, name);
      return await refresher.refresh(task, { source: instance, snapshot: '', target, instanceOnly });
    };
    return await this.#receive(task, end, arrival, refresh);
  }

  /** With a look at what it would be allowed here. */
  #checked(request: ReceiveInstanceRequest, arrival: Omit<Arrival, 'check'>): Arrival {
    const check: Arrival['check'] = async (kept, snapshot) => {
      // Of what stands in for another, the configuration is not taken over.
      if (request.allowHostAccess || (arrival.standIn && snapshot === undefined)) return;
      // What the client says is about the instance: its snapshots stay what they are.
      const said = snapshot === undefined ? request : nothingSaid;
      const picked = said.profiles === undefined ? kept.profiles : [];
      checkHostAccess(kept, await this.#profiles(request.project, picked), said);
    };
    return { ...arrival, check };
  }

  /** Those that another server has picked, as far as there are such. Whoever is made here gets the default one anyway. */
  async #profiles(project: string, names: readonly string[]): Promise<Profile[]> {
    const found = names
      .filter((name) => name !== defaultProfile)
      .map(async (name) => {
        try {
          return [await this.#deps.profile(project, name)];
        } catch (error) {
          if (Fault.from(error).code === 'not-found') return [];
          throw error;
        }
      });
    return (await Promise.all(found)).flat();
  }

  /** Tells the other end when all is there and `keep` is through. */
  async #receive(task: Task, end: WaitingEnd, arrival: Arrival): Promise<Imported>;
  async #receive<Result>(
    task: Task,
    end: WaitingEnd,
    arrival: Arrival,
    keep: (imported: Imported) => Promise<Result>,
  ): Promise<Result>;
  async #receive<Result>(
    task: Task,
    end: WaitingEnd,
    arrival: Arrival,
    keep: (imported: Imported) => Promise<Result | Imported> = async (imported) => imported,
  ): Promise<Result | Imported> {
    task.report({ stage: 'Waiting for the other server' });
    const connected = await end.connected(task);
    return await withChannel(task, connected, async (channel) => {
      const content = receiveAll(task, channel, 'Receiving instance');
      const imported = await this.#deps.importer.receive(task, arrival, content);
      const result = await keep(imported);
      // It is here, whether the other end hears of it or not.
      await channel.send({ type: 'done' }).catch((error: unknown) => {
        task.log.warn({ err: error }, 'the server that an instance came from could not be told that it is here');
      });
      return result;
    });
  }

  async #started(
    task: Task,
    instance: Instance,
    start: boolean,
    warnings: readonly string[],
  ): Promise<OperationResult> {
    if (start) await this.#deps.start(task, instance);
    return { instanceName: instance.name, warnings };
  }
}

function checkGiven({ config, profiles = [] }: ReceiveInstanceRequest): void {
  checkConfig(instanceKeys, withoutEmpty(config));
  const foreign = Object.keys(config).find(isVolatileKey);
  if (foreign !== undefined) throw new Fault('invalid', `${foreign.slice(0, 80)} is what yurt itself remembers`);
  if (new Set(profiles).size !== profiles.length) throw new Fault('invalid', 'A profile is named twice');
}

function checkNothingGiven({ name, config, devices, profiles, ephemeral, pool }: ReceiveInstanceRequest): void {
  const given = [config, devices].some((each) => Object.keys(each).length > 0);
  if (!given && profiles === undefined && !ephemeral && pool === '') return;
  throw new Fault('invalid', `Instance "${name}" exists: refreshing it changes root and snapshots, no configuration`);
}

const nothingSaid = { config: {}, devices: {}, profiles: undefined };

/** As a new instance: one that was moved is the same as before, a copy has nothing of what yurt remembers of the other. */
function arrivalOf(request: ReceiveInstanceRequest): Omit<Arrival, 'check'> {
  const { project, name, pool, devices, config: given, profiles, move } = request;
  return {
    ...{ project, name, pool, devices, known: [], standIn: false, whole: move },
    adapt: (kept) => {
      const theirs = Object.entries(kept.config).filter(([key]) => move || !isHwaddrKey(key));
      const config = withoutEmpty({ ...Object.fromEntries(theirs), ...given });
      const ephemeral = move ? kept.ephemeral || request.ephemeral : request.ephemeral;
      const pending = withPendingTrigger(config, move ? 'rename' : 'copy');
      const own = { devices: unsaidDevices(kept.devices, request), profiles: profiles ?? kept.profiles };
      return { ...kept, ...own, config: pending, ephemeral };
    },
  };
}

/** What is refreshed keeps its configuration: of what arrives, only the root and what belongs to that counts. */
function standInOf(
  { project, pool }: ReceiveInstanceRequest,
  target: Instance,
  name: string,
  known: readonly Snapshot[],
): Omit<Arrival, 'check'> {
  const isOfRoot = (key: string) => key.startsWith('image.') || isVolatileKey(key);
  const only = (config: Kept['config'], ofRoot: boolean) =>
    Object.entries(config).filter(([key]) => isOfRoot(key) === ofRoot && !isHwaddrKey(key));
  return {
    ...{ project, name, pool, known, devices: {}, standIn: true, whole: false },
    adapt: ({ architecture, image, config }) => ({
      ...{ architecture, image, description: '', ephemeral: false },
      ...{ profiles: target.profiles, devices: target.devices },
      config: Object.fromEntries([...only(target.config, false), ...only(config, true)]),
    }),
  };
}

import { checkConfig } from '../base/config-key.ts';
import { checkDescription } from '../base/description.ts';
import { etagOf } from '../base/etag.ts';
import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import type { Serial } from '../base/serial.ts';
import type { Task } from '../base/task.ts';
import type { Versioned } from '../db/collection.ts';
import { checkDevices } from '../devices/check-devices.ts';
import type { Devices } from '../devices/device.ts';
import type { Events } from '../events/events.ts';
import { checkProfileList, type Profile } from '../profiles/profile.ts';
import { announce } from './announce.ts';
import { checkExpanded, type Surroundings } from './check-expanded.ts';
import { instanceKeys } from './config-keys.ts';
import { type Expanded, expand, type Instance } from './instance.ts';
import type { InstanceLocks } from './instance-locks.ts';
import type { InstanceRecords } from './instance-records.ts';
import type { LiveChanges } from './live-changes.ts';
import { type MakeHwaddr, madeHwaddrs, withHwaddrs } from './nic-addresses.ts';
import type { StaticAddresses } from './static-addresses.ts';
import { storedContent } from './stored-content.ts';
import type { Supervisor } from './supervisor.ts';

/** All that a user may change of an instance: it replaces what there is. */
export interface InstanceContent {
  readonly description: string;
  readonly ephemeral: boolean;
  readonly profiles: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Devices;
}

export interface UpdateRequest extends InstanceContent {
  readonly project: string;
  readonly name: string;
  /** The tag of the content that the change was made from; '' changes whatever there is. */
  readonly etag: string;
}

/** One action at a time for all projects that share profiles. */
export type ProfileUse = Pick<Serial, 'run'>;

export interface UpdateDeps {
  readonly records: InstanceRecords;
  readonly locks: InstanceLocks;
  readonly supervisor: Pick<Supervisor, 'status' | 'ended'>;
  readonly live: LiveChanges;
  readonly events: Events;
  readonly profile: (project: string, name: string) => Promise<Profile>;
  /** Held, by project, by whoever begins to use a profile or changes one: neither misses the other. */
  readonly profileUse: ProfileUse;
  readonly surroundings: Surroundings;
  readonly addresses: Pick<StaticAddresses, 'check'>;
  readonly hwaddr: MakeHwaddr;
}

/** The tag of what a user may change of an instance. */
export function instanceEtag({ description, ephemeral, profiles, config, devices }: InstanceContent): string {
  return etagOf({ description, ephemeral, profiles, config, devices });
}

export class InstanceUpdater {
  readonly #deps: UpdateDeps;

  constructor(deps: UpdateDeps) {
    this.#deps = deps;
  }

  /**
   * Replaces what a user may change. When the instance runs, it follows before the change is recorded; whatever fails,
   * instance and record are as they were. Faults: `conflict` when the tag is not that of the present content, `invalid`
   * and `not-found` for content that is wrong, `wrong-state` while another verb is under way, and those of the appliers.
   */
  async update(task: Task, request: UpdateRequest): Promise<Instance> {
    const { records, profileUse } = this.#deps;
    const { project, name } = request;
    // Whoever holds both takes the profiles first.
    const addsTo = ({ profiles }: Instance) => request.profiles.some((profile) => !profiles.includes(profile));
    if (addsTo(await records.get(project, name))) {
      return await profileUse.run(project, () => this.#update(task, request, () => false));
    }
    return await this.#update(task, request, addsTo);
  }

  async #update(task: Task, request: UpdateRequest, isLate: (instance: Instance) => boolean): Promise<Instance> {
    const { records, locks, supervisor } = this.#deps;
    const { project, name, etag } = request;
    using _lock = await locks.acquireChange(project, name);
    const { uuid } = await records.get(project, name);
    if (supervisor.status(uuid) === 'ending') await supervisor.ended(uuid);
    const found = await records.versioned(project, name);
    if ((etag !== '' && etag !== instanceEtag(found.record)) || isLate(found.record)) {
      throw new Fault('conflict', `Instance "${name}" was changed by somebody else in the meantime`);
    }
    return await this.#replace(task, found, request);
  }

  async #replace(task: Task, found: Versioned<Instance>, request: UpdateRequest): Promise<Instance> {
    const { live, records, events } = this.#deps;
    const now = found.record;
    const before = await this.#expanded(now);
    const { instance, after } = await this.#plan(now, request);
    if (instanceEtag(instance) === instanceEtag(now)) return now;
    // Before anything is made: what runs inside must not even for a moment get what its project forbids.
    await records.checkAllowed(instance);
    const changes = await live.check([{ instance, before, after }]);
    await using revert = new Revert(task.log);
    const ended = await live.apply(task, revert, changes);
    const stored = await records.replace(found, instance, ended);
    revert.commit();
    announce(events, 'instance-updated', stored);
    return stored;
  }

  /** The record as it will be, checked against everything that exists. */
  async #plan(now: Instance, request: InstanceContent): Promise<{ instance: Instance; after: Expanded }> {
    const { records, hwaddr, surroundings, addresses } = this.#deps;
    const { description, ephemeral, profiles, devices, ...stored } = storedContent(request);
    const config = withVolatile(now.config, stored.config);
    checkDescription(description);
    checkProfileList(profiles);
    checkConfig(instanceKeys, config);
    checkDevices(devices);
    const changed = { ...now, description, ephemeral, profiles, config, devices };
    const expanded = await this.#expanded(changed);
    checkPool(now, checkExpanded(expanded, surroundings).pool);
    const others = (await records.list()).filter(({ uuid }) => uuid !== now.uuid);
    const instance = { ...changed, config: withHwaddrs(changed, expanded.devices, madeHwaddrs(others), hwaddr) };
    const after = await this.#expanded(instance);
    await addresses.check(instance, after);
    return { instance, after };
  }

  async #expanded(instance: Instance): Promise<Expanded> {
    const { profile } = this.#deps;
    return expand(instance, await Promise.all(instance.profiles.map((name) => profile(instance.project, name))));
  }
}

/** A root does not move by a change of its configuration. Fault `invalid`. */
export function checkPool(instance: Pick<Instance, 'name' | 'pool'>, pool: string): void {
  if (pool === instance.pool) return;
  throw new Fault(
    'invalid',
    `The root disk of instance "${instance.name}" is in pool "${instance.pool}": a change of its configuration cannot move it to "${pool}"`,
  );
}

/** What yurt remembers in `volatile.*` stays, also when the request leaves it out. Fault `invalid` when it differs. */
function withVolatile(
  now: Readonly<Record<string, string>>,
  config: Readonly<Record<string, string>>,
): Record<string, string> {
  const isVolatile = ([key]: [string, string]) => key.startsWith('volatile.');
  const wrong = Object.entries(config).find((entry) => isVolatile(entry) && now[entry[0]] !== entry[1]);
  if (wrong !== undefined) {
    throw new Fault('invalid', `${wrong[0].slice(0, 80)} is what yurt itself remembers: it cannot be changed`);
  }
  return { ...config, ...Object.fromEntries(Object.entries(now).filter(isVolatile)) };
}

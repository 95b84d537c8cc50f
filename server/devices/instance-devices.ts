import { createHash } from 'node:crypto';
import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import { ownTask, type Task } from '../base/task.ts';
import type { DeviceAccess } from '../host/device-filter.ts';
import type { DeviceRuns } from '../host/device-runs.ts';
import { type ChangeStep, changeSteps, type DeviceChanges } from './change-steps.ts';
import type { DeviceOwner, Devices } from './device.ts';
import { makerOf, type PartMakers, type PartOf, type Plug } from './part-maker.ts';
import type { DevicePart } from './parts.ts';
import { inOrder, type PlannedDevice, planDevices } from './plan-devices.ts';

export interface InstanceDevicesDeps {
  readonly makers: PartMakers;
  readonly runs: DeviceRuns;
  readonly hwaddr: (uuid: string, device: string) => string;
  /** Watches the sources that devices of an instance can do without. */
  readonly watch: (uuid: string, paths: readonly string[]) => void;
}

/** Devices of which all is made that needs no process of the instance. */
export interface PreparedDevices {
  /** Makes the rest, in order, in the instance whose init is `pid`. */
  plug(task: Task, pid: number): Promise<void>;
}

/** The one place that makes what device types describe: when an instance starts, and while it runs. */
export class InstanceDevices {
  readonly #deps: InstanceDevicesDeps;

  constructor(deps: InstanceDevicesDeps) {
    this.#deps = deps;
  }

  plan(owner: DeviceOwner, devices: Devices): PlannedDevice[] {
    return planDevices(owner, devices, this.#deps.hwaddr);
  }

  /** Faults of all that can be known beforehand: clashes, sources and networks that do not exist. Changes nothing. */
  async check(planned: readonly PlannedDevice[]): Promise<void> {
    for (const { name, parts } of planned) {
      for (const part of parts) {
        await makerOf(this.#deps.makers, part)
          .check(part)
          .catch((error: unknown) => {
            throw Fault.during(`Device "${name}"`, error);
          });
      }
    }
  }

  /** Devices of the host that an instance which starts with these must be let open. */
  async access(planned: readonly PlannedDevice[]): Promise<DeviceAccess[]> {
    const parts = planned.flatMap((device) => device.parts);
    return (await Promise.all(parts.map((part) => makerOf(this.#deps.makers, part).access?.(part) ?? []))).flat();
  }

  /** Faults of changing these devices of a running instance from the ones to the others. Changes nothing. */
  async checkChange(
    owner: DeviceOwner,
    before: readonly PlannedDevice[],
    wanted: readonly PlannedDevice[],
  ): Promise<void> {
    const { removed, added } = difference(before, wanted);
    for (const { name, parts } of [...removed, ...added]) {
      for (const part of parts) {
        await makerOf(this.#deps.makers, part).checkLive?.(owner, part).catch(during(name));
      }
    }
    await this.check(added);
  }

  /** Each step of it is undone by `removeAll`, also after a failure. */
  async prepare(task: Task, owner: DeviceOwner, planned: readonly PlannedDevice[]): Promise<PreparedDevices> {
    const ready = await settled(planned.map((device) => this.#prepare(task, owner, device, true)));
    return {
      plug: async (plugTask, pid) => {
        for (const plug of ready) await plug(plugTask, pid);
        this.#deps.watch(owner.uuid, optionalSources(planned));
      },
    };
  }

  /** Adds one device to a running instance. Undoes itself on failure. */
  async plug(task: Task, owner: DeviceOwner, device: PlannedDevice, pid: number): Promise<void> {
    try {
      const plug = await this.#prepare(task, owner, device, false);
      await plug(task, pid);
    } catch (error) {
      await this.unplug(ownTask(task.log), owner, device.name, pid).catch((failure: unknown) => {
        task.log.warn({ err: failure, instance: owner.uuid, device: device.name }, 'a device was left half-made');
      });
      throw error;
    }
  }

  /** Removes a device, whatever of it there is. Idempotent. Without `pid` the instance has ended. */
  async unplug(task: Task, owner: DeviceOwner, name: string, pid: number | undefined): Promise<void> {
    await this.#unplugKey(task, owner, keyOf(name), pid);
  }

  /**
   * Makes a running instance have the devices `wanted` instead of those that it has, in order; what is the same stays
   * untouched, and what a server that was killed has left half-made is made anew. Each step pushes its undo. With the scope
   * `others` all but the steps at links, which another call then takes.
   */
  async change(
    task: Task,
    revert: Revert,
    owner: DeviceOwner,
    pid: number,
    wanted: readonly PlannedDevice[],
    scope: 'all' | 'others' = 'all',
  ): Promise<void> {
    const before = await this.#whole(task, owner, pid);
    const { others, links } = changeSteps(this.#changes(before, wanted));
    for (const step of scope === 'all' ? [...others, ...links] : others) {
      await this.#take(task, revert, owner, pid, step);
    }
    revert.push('watch for the former sources', async () => this.#deps.watch(owner.uuid, optionalSources(before)));
    this.#deps.watch(owner.uuid, optionalSources(wanted));
  }

  async #take(task: Task, revert: Revert, owner: DeviceOwner, pid: number, step: ChangeStep): Promise<void> {
    if (step.verb === 'adjust') {
      const { from, to } = step;
      revert.push(`change device ${from.name} back`, () => this.#adjust(ownTask(task.log), owner, from));
      return await this.#adjust(task, owner, to);
    }
    const { device } = step;
    const removeIt = (how: Task) => this.unplug(how, owner, device.name, pid);
    if (step.verb === 'add') {
      revert.push(`remove device ${device.name}`, () => removeIt(ownTask(task.log)));
      return await this.plug(task, owner, device, pid);
    }
    revert.push(`add device ${device.name} again`, async () => {
      await removeIt(ownTask(task.log)); // what a removal that failed has left
      await this.plug(ownTask(task.log), owner, device, pid);
    });
    await removeIt(task);
  }

  /** Devices of both that stay and are adjusted, and what must go and come. */
  #changes(before: readonly PlannedDevice[], wanted: readonly PlannedDevice[]): DeviceChanges {
    const { removed, added } = difference(before, wanted);
    const adjusted = removed.flatMap((now) => {
      const then = added.find(({ name }) => name === now.name);
      return then !== undefined && this.#canAdjust(now, then) ? [[now, then] as const] : [];
    });
    const isAdjusted = (device: PlannedDevice) => adjusted.some((pair) => pair.includes(device));
    return {
      adjusted,
      removed: removed.filter((device) => !isAdjusted(device)),
      added: added.filter((device) => !isAdjusted(device)),
    };
  }

  #canAdjust({ parts }: PlannedDevice, then: PlannedDevice): boolean {
    if (parts.length !== then.parts.length) return false;
    return parts.every((part, index) => {
      const other = then.parts[index];
      if (other?.kind !== part.kind) return false;
      return makerOf(this.#deps.makers, part).canAdjust?.(part, other) === true;
    });
  }

  async #adjust(task: Task, owner: DeviceOwner, device: PlannedDevice): Promise<void> {
    const { runs } = this.#deps;
    const key = keyOf(device.name);
    await runs.write(owner.uuid, key, { ...device, whole: false });
    for (const it of this.#partsOf(owner, device)) {
      await makerOf(this.#deps.makers, it.part).adjust?.(task, it).catch(during(device.name));
    }
    await runs.write(owner.uuid, key, { ...device, whole: true });
  }

  /** After a start of the server: each device of an instance that runs on is as it should be, or the first failure. */
  async repair(task: Task, owner: DeviceOwner, pid: number, wanted: readonly PlannedDevice[]): Promise<void> {
    await using revert = new Revert(task.log);
    await this.change(task, revert, owner, pid, wanted);
    revert.commit();
  }

  /**
   * Removes all devices of a run, the last made first; also those of `planned` of which no trace is left, as after a boot of
   * the host. One that cannot be removed does not keep the rest. Throws the first failure.
   */
  async removeAll(task: Task, owner: DeviceOwner, planned: readonly PlannedDevice[], pid?: number): Promise<void> {
    this.#deps.watch(owner.uuid, []);
    const order = new Map(planned.map(({ name }, index) => [keyOf(name), index]));
    const keys = await this.#deps.runs.keys(owner.uuid);
    const rank = (key: string) => order.get(key) ?? planned.length;
    const failures: unknown[] = [];
    const attempt = async (work: Promise<void>) => await work.catch((error: unknown) => failures.push(error));
    for (const key of keys.toSorted((left, right) => rank(right) - rank(left))) {
      await attempt(this.#unplugKey(task, owner, key, pid));
    }
    for (const device of planned.toReversed()) {
      if (!keys.includes(keyOf(device.name))) await attempt(this.#unmake(task, owner, device, pid));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #prepare(task: Task, owner: DeviceOwner, device: PlannedDevice, starting: boolean): Promise<Plug> {
    if (device.parts.length === 0) return async () => {};
    // Before anything is made: whoever comes after a crash knows what to look for.
    await this.#deps.runs.write(owner.uuid, keyOf(device.name), device);
    try {
      const plugs: Plug[] = [];
      for (const it of this.#partsOf(owner, device)) {
        plugs.push(await makerOf(this.#deps.makers, it.part).prepare(task, it, starting));
      }
      return async (plugTask, pid) => {
        for (const plug of plugs) await plug(plugTask, pid).catch(during(device.name));
        await this.#deps.runs.write(owner.uuid, keyOf(device.name), { ...device, whole: true });
      };
    } catch (error) {
      throw during(device.name)(error);
    }
  }

  async #unplugKey(task: Task, owner: DeviceOwner, key: string, pid: number | undefined): Promise<void> {
    const { runs } = this.#deps;
    const record = await runs.read(owner.uuid, key);
    if (record !== undefined) {
      const device = parseRecord(record);
      // From the first step on it is not whole: a server that is killed now must not take it for that.
      if (pid !== undefined) await runs.write(owner.uuid, key, { ...device, whole: false });
      await this.#unmake(task, owner, device, pid);
    }
    await runs.remove(owner.uuid, key);
  }

  async #unmake(task: Task, owner: DeviceOwner, device: PlannedDevice, pid: number | undefined): Promise<void> {
    for (const it of this.#partsOf(owner, device).toReversed()) {
      await makerOf(this.#deps.makers, it.part).unmake(task, it, pid).catch(during(device.name));
    }
  }

  /** The devices that the instance has and that work; what there is of others is removed. */
  async #whole(task: Task, owner: DeviceOwner, pid: number): Promise<PlannedDevice[]> {
    const { runs } = this.#deps;
    const whole: PlannedDevice[] = [];
    for (const key of await runs.keys(owner.uuid)) {
      const record = await runs.read(owner.uuid, key);
      const known = record === undefined ? undefined : parseRecord(record);
      if (known?.whole === true && (await this.#works(owner, known))) whole.push(known);
      else await this.#unplugKey(task, owner, key, pid);
    }
    return whole.sort((left, right) => inOrder([left.name, left.device], [right.name, right.device]));
  }

  /** Whether nothing of it has ended by itself. */
  async #works(owner: DeviceOwner, device: PlannedDevice): Promise<boolean> {
    for (const it of this.#partsOf(owner, device)) {
      if (!(await makerOf(this.#deps.makers, it.part).works(it))) return false;
    }
    return true;
  }

  #partsOf(owner: DeviceOwner, { name, parts }: PlannedDevice): PartOf<DevicePart>[] {
    const directory = this.#deps.runs.directory(owner.uuid, keyOf(name));
    return parts.map((part, index) => ({ owner, part, files: `${directory}/${index}` }));
  }
}

/** Devices that are not in both, or not the same in both. */
export function difference(before: readonly PlannedDevice[], wanted: readonly PlannedDevice[]) {
  const has = (list: readonly PlannedDevice[], one: PlannedDevice) =>
    list.some(({ name, parts }) => name === one.name && JSON.stringify(parts) === JSON.stringify(one.parts));
  return {
    removed: before.filter((device) => !has(wanted, device)),
    added: wanted.filter((device) => !has(before, device)),
  };
}

/** Paths of the host that the devices can do without. */
function optionalSources(planned: readonly PlannedDevice[]): string[] {
  return planned
    .flatMap(({ parts }) => parts)
    .flatMap((part) => {
      if (part.kind === 'mount' && !part.required && part.source.kind === 'path') return [part.source.path];
      if (part.kind === 'node' && !part.required && 'path' in part.from) return [part.from.path];
      return [];
    });
}

/** Names of users never become paths. */
function keyOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}

function during(name: string): (error: unknown) => never {
  return (error) => {
    throw Fault.during(`Device "${name}"`, error);
  };
}

/** All results, or the first failure once every attempt has come to an end: then nothing goes on behind an undo. */
async function settled<T>(attempts: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(attempts);
  return await Promise.all(attempts);
}

interface DeviceRecord extends PlannedDevice {
  /** Set when the device was made to its end. */
  readonly whole?: boolean;
}

function parseRecord(value: unknown): DeviceRecord {
  return value as DeviceRecord; // written by this server, or an earlier version of it, in a directory of its own
}

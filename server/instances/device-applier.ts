import { Fault } from '../base/fault.ts';
import type { Revert } from '../base/revert.ts';
import type { Task } from '../base/task.ts';
import { difference, type InstanceDevices } from '../devices/instance-devices.ts';
import type { LiveApplier, LiveChange } from './live-change.ts';

export interface DeviceApplierDeps {
  readonly devices: InstanceDevices;
  /** The instance's init; undefined when it has ended. */
  readonly pid: (uuid: string) => Promise<number | undefined>;
  /** `others`: leaves the steps at links to another one, so that these come last among all instances of a change. */
  readonly scope: 'all' | 'others';
}

/** Makes the devices of a running instance follow a change of its configuration. */
export class DeviceApplier implements LiveApplier {
  readonly #deps: DeviceApplierDeps;

  constructor(deps: DeviceApplierDeps) {
    this.#deps = deps;
  }

  async check(change: LiveChange): Promise<void> {
    const { before, wanted } = this.#plans(change);
    await this.#deps.devices.checkChange(change.instance, before, wanted);
  }

  async apply(task: Task, revert: Revert, change: LiveChange): Promise<void> {
    const { before, wanted } = this.#plans(change);
    const { removed, added } = difference(before, wanted);
    if (removed.length === 0 && added.length === 0) return;
    const pid = await this.#deps.pid(change.instance.uuid);
    if (pid === undefined || pid === 0) throw new Fault('wrong-state', 'The instance is not running');
    await this.#deps.devices.change(task, revert, change.instance, pid, wanted, this.#deps.scope);
  }

  #plans({ instance, before, after }: LiveChange) {
    const { devices } = this.#deps;
    // A nic's MAC address was made for the record as it will be, and is the same for a nic that was there before.
    return {
      before: devices.plan({ ...instance, config: before.config }, before.devices),
      wanted: devices.plan({ ...instance, config: after.config }, after.devices),
    };
  }
}

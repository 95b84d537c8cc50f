import { checkConfig } from '../base/config-key.ts';
import { checkDevices } from '../devices/check-devices.ts';
import type { DeviceOwner } from '../devices/device.ts';
import { planDevices } from '../devices/plan-devices.ts';
import { rootPool } from '../devices/root-disk.ts';
import { instanceKeys } from './config-keys.ts';
import type { Expanded } from './instance.ts';
import { checkTogether } from './spec-options.ts';

export interface Surroundings {
  /** Fault `not-found` for a network that does not exist. */
  readonly checkNetwork: (name: string) => void;
}

/**
 * The one check of what will hold for an instance, whichever way it came about: creation, its own change, a profile's.
 * Returns the pool of the root disk. Faults: `invalid`, `not-found`, `unsupported`.
 */
export function checkExpanded({ config, devices }: Expanded, { checkNetwork }: Surroundings): { pool: string } {
  checkConfig(instanceKeys, config);
  checkTogether(config);
  checkDevices(devices);
  const pool = rootPool(devices);
  for (const device of Object.values(devices)) {
    if (device['type'] === 'nic' && device['network'] !== undefined) checkNetwork(device['network']);
  }
  planDevices(futureOwner, devices, () => ''); // refuses those that cannot be there together
  return { pool };
}

/** Stands for an instance that may not be made yet. */
export const futureOwner: DeviceOwner = {
  ...{ uuid: '', name: '', project: '', config: {} },
  idMap: { hostBase: 1, size: 1 },
};

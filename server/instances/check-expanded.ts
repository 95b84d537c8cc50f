import { checkConfig } from '../base/config-key.ts';
import { Fault } from '../base/fault.ts';
import { checkDevices } from '../devices/check-devices.ts';
import type { Devices } from '../devices/device.ts';
import { instanceKeys } from './config-keys.ts';
import type { Expanded } from './instance.ts';
import { checkTogether } from './spec-options.ts';

export interface Surroundings {
  /** Fault `not-found` for a network that does not exist. */
  readonly checkNetwork: (name: string) => void;
}

/**
 * The one check of what will hold for an instance, whichever way it came about: creation, its own change, a profile's.
 * Returns the pool of the root disk. Faults: `invalid`, `not-found`.
 */
export function checkExpanded({ config, devices }: Expanded, { checkNetwork }: Surroundings): { pool: string } {
  checkConfig(instanceKeys, config);
  checkTogether(config);
  checkDevices(devices);
  const pool = rootPool(devices);
  for (const device of Object.values(devices)) {
    if (device['type'] === 'nic' && device['network'] !== undefined) checkNetwork(device['network']);
  }
  return { pool };
}

/** The pool of the one root disk. Fault `invalid` when there is none or more than one. */
function rootPool(devices: Devices): string {
  const roots = Object.values(devices).filter((device) => device['type'] === 'disk' && device['path'] === '/');
  const pool = roots[0]?.['pool'];
  if (pool === undefined) throw new Fault('invalid', 'No root disk: add a device of type disk with path=/ and a pool');
  if (roots.length > 1) throw new Fault('invalid', 'More than one root disk: only one device may have path=/');
  return pool;
}

import { Fault } from '../base/fault.ts';
import type { Device, Devices } from './device.ts';
import { isRootDisk } from './types/disk.ts';

/** The pool of the one root disk. Faults: `invalid` when there is none or more than one, `unsupported` for a size. */
export function rootPool(devices: Devices): string {
  const roots = rootsOf(devices);
  const [root] = roots;
  const pool = root?.[1]['pool'];
  if (root === undefined || pool === undefined) {
    throw new Fault('invalid', 'No root disk: add a device of type disk with path=/ and a pool');
  }
  if (roots.length > 1) {
    const names = roots.map(([name]) => `"${name}"`).join(' and ');
    throw new Fault('invalid', `More than one root disk: ${names} both have path=/`);
  }
  if (root[1]['size'] !== undefined) {
    const why = `roots in storage pool "${pool}" are layers on one file system, which the driver cannot limit one by one`;
    const instead =
      'put what must be bounded on a disk of its own: a file system of that size, or source=tmpfs: with a size';
    throw new Fault('unsupported', `Device "${root[0]}": size: ${why}; ${instead}`);
  }
  return pool;
}

/** What a snapshot has kept, with the root disk of its instance, which has `devices` of its own, or its own in the same pool. */
export function withRootIn(pool: string, kept: Devices, devices: Devices): Devices {
  const [name, root] = [...rootsOf(devices), ...rootsOf(kept)][0] ?? [];
  if (name === undefined) return kept;
  const others = Object.entries(kept).filter(([, device]) => !isRootDisk(device));
  return { ...Object.fromEntries(others), [name]: { ...root, pool } };
}

function rootsOf(devices: Devices): [string, Device][] {
  return Object.entries(devices).filter(([, device]) => isRootDisk(device));
}

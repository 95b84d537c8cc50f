import type { DeviceType } from './device.ts';
import { disk } from './types/disk.ts';
import { nic } from './types/nic.ts';
import { none } from './types/none.ts';
import { proxy } from './types/proxy.ts';
import { unixBlock, unixChar } from './types/unix-node.ts';

/** Every device type with its options. */
export const deviceTypes: readonly DeviceType[] = [none, disk, nic, unixChar, unixBlock, proxy];

export function findDeviceType(type: string | undefined): DeviceType | undefined {
  return deviceTypes.find((known) => known.type === type);
}

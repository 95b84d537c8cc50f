/** From messages to the domains' types, where several services need the same. */
import type { Device__Output } from '../../proto/gen/yurt/v1/Device.ts';
import type { Devices } from '../devices/device.ts';

export function decodeDevices(devices: Readonly<Record<string, Device__Output>>): Devices {
  return Object.fromEntries(Object.entries(devices).map(([name, { options }]) => [name, options]));
}

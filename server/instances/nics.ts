import type { DeviceOwner } from '../devices/device.ts';
import { nicRequest } from '../devices/makers/nic-maker.ts';
import { nic } from '../devices/types/nic.ts';
import type { NicRequest } from '../networks/contract.ts';
import { defaultProject } from '../projects/project.ts';
import type { Expanded } from './instance.ts';

export interface InstanceNic {
  readonly network: string;
  readonly request: NicRequest;
}

/** The nics that an instance has, from its devices, in the order of their names. */
export function nicsOf(
  instance: DeviceOwner,
  { devices }: Expanded,
  hwaddr: (uuid: string, device: string) => string,
): InstanceNic[] {
  return Object.entries(devices)
    .filter(([, device]) => device['type'] === 'nic')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, device]) => nic.parts({ owner: instance, name, device, devices, hwaddr }))
    .flatMap((part) =>
      part.kind === 'nic' ? [{ network: part.network, request: nicRequest(instance, part, defaultProject) }] : [],
    );
}

import { Fault } from '../base/fault.ts';
import type { Endpoint } from '../host/relays.ts';
import type { Device, DeviceContext, DeviceOwner, Devices } from './device.ts';
import { findDeviceType } from './device-types.ts';
import type { DevicePart } from './parts.ts';

/** A device and what it is made of. */
export interface PlannedDevice {
  readonly name: string;
  readonly device: Device;
  readonly parts: readonly DevicePart[];
}

/**
 * The devices of an instance in the order in which they are made: nics, disks by path, so that one may be mounted inside
 * another, then the rest by type and name (field-map 4.9). Fault `invalid` when two cannot be there together.
 */
export function planDevices(owner: DeviceOwner, devices: Devices, hwaddr: DeviceContext['hwaddr']): PlannedDevice[] {
  const planned = Object.entries(devices)
    .filter(([, device]) => findDeviceType(device['type']) !== undefined)
    .sort(inOrder)
    .map(([name, device]) => ({
      ...{ name, device },
      parts: findDeviceType(device['type'])?.parts({ owner, name, device, devices, hwaddr }) ?? [],
    }));
  refuseClashes(planned);
  return planned;
}

type Entry = readonly [name: string, device: Device];

/** Sorts devices as they are made. */
export function inOrder(left: Entry, right: Entry): number {
  return compare(rank(left), rank(right));
}

function rank([name, device]: Entry): string[] {
  const type = device['type'] ?? '';
  const order = ['nic', 'disk'].indexOf(type);
  const path = type === 'disk' ? (device['path'] ?? '') : '';
  return [order === -1 ? '2' : String(order), path, type, name];
}

function compare(left: readonly string[], right: readonly string[]): number {
  for (const [index, word] of left.entries()) {
    const other = right[index] ?? '';
    if (word !== other) return word < other ? -1 : 1;
  }
  return 0;
}

/** What a part takes for itself: two devices with the same would hide one another. */
function placesOf(part: DevicePart): string[] {
  switch (part.kind) {
    case 'nic':
      return [`the link ${part.name}`];
    case 'mount':
    case 'node':
      return [`the path ${part.target}`];
    case 'relay':
      return part.pairs.map(({ listen }) => placeOfEndpoint(part.bind, listen));
    case 'nat':
      return part.ports.map(({ from }) =>
        placeOfEndpoint('host', { type: part.protocol, address: part.listen, port: from }),
      );
  }
}

function placeOfEndpoint(side: string, { type, address, port }: Endpoint): string {
  const where = type === 'unix' ? address : `${address} port ${port}`;
  return `${type} ${where} of the ${side}`;
}

function refuseClashes(planned: readonly PlannedDevice[]): void {
  const owners = new Map<string, string>();
  for (const { name, parts } of planned) {
    for (const place of parts.flatMap(placesOf)) {
      const other = owners.get(place);
      if (other !== undefined) throw new Fault('invalid', `Devices "${other}" and "${name}" both want ${place}`);
      owners.set(place, name);
    }
  }
}

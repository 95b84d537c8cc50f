import type { DeviceType } from '../device.ts';
import { anyName, interfaceName, unicastHwaddr } from '../option-checks.ts';

/** Where an instance keeps the MAC address that was made for one of its nics. */
export function hwaddrKey(device: string): string {
  return `volatile.${device}.hwaddr`;
}

export function isHwaddrKey(key: string): boolean {
  return key.startsWith('volatile.') && key.endsWith('.hwaddr');
}

export const nic: DeviceType = {
  type: 'nic',
  doc: 'A network interface on a managed network.',
  options: {
    network: { required: true, doc: 'The network that it is connected to.', check: anyName },
    name: {
      required: false,
      doc: 'The name of the interface inside; the name of the device when unset.',
      check: interfaceName,
    },
    hwaddr: {
      required: false,
      doc: 'The MAC address; a stable one is made when unset.',
      check: unicastHwaddr,
    },
  },
  parts: ({ owner, name, device, hwaddr }) => [
    {
      kind: 'nic',
      network: device['network'] ?? '',
      name: device['name'] ?? name,
      hwaddr: device['hwaddr']?.toLowerCase() ?? owner.config[hwaddrKey(name)] ?? hwaddr(owner.uuid, name),
    },
  ],
};

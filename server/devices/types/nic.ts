import { parseBitRate } from '../../base/bit-rate.ts';
import { parseBoolean } from '../../base/config-key.ts';
import type { NicRules } from '../../networks/contract.ts';
import type { Device, DeviceOption, DeviceType } from '../device.ts';
import {
  addressOrNone,
  anyName,
  bitRate,
  boolean,
  interfaceName,
  unicastHwaddr,
  wholeNumber,
} from '../option-checks.ts';

/** Where an instance keeps the MAC address that was made for one of its nics. */
export function hwaddrKey(device: string): string {
  return `volatile.${device}.hwaddr`;
}

export function isHwaddrKey(key: string): boolean {
  return key.startsWith('volatile.') && key.endsWith('.hwaddr');
}

/** IPv6 needs links that carry so much (RFC 8200). */
const leastMtu = 1280;
const mostMtu = 65_535;
/** Of skb->priority the part that the kernel's queues look at. */
const mostPriority = 65_535;

const switchOff = { required: false, default: 'false', check: boolean };

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
    host_name: {
      required: false,
      doc: 'The name of its other end on the host; one that begins with `yurt` when unset.',
      check: (value) =>
        /^[A-Za-z]/.test(value) ? interfaceName(value) : 'an interface name that begins with a letter',
    },
    mtu: {
      required: false,
      doc: 'The largest packet in bytes; that of the kernel (1500) when unset.',
      check: wholeNumber(leastMtu, mostMtu),
    },
    'ipv4.address': {
      required: false,
      doc: 'The address that DHCP gives it, of the subnet of the network; `none`: DHCP does not answer it.',
      check: addressOrNone(4),
    },
    'ipv6.address': {
      required: false,
      doc: 'The address that it makes of its MAC address: no other can be had. `none`: with `security.ipv6_filtering`, no IPv6 at all.',
      check: addressOrNone(6),
    },
    'limits.ingress': rate('What reaches the instance, at most: more waits for up to 50 ms and is then dropped.'),
    'limits.egress': rate('What leaves the instance, at most: what is more within a second is dropped.'),
    'limits.max': rate('Both `limits.ingress` and `limits.egress`.'),
    'limits.priority': {
      required: false,
      doc: 'The priority that what the instance sends has in queues of the host (`skb->priority`).',
      check: wholeNumber(0, mostPriority),
    },
    'security.mac_filtering': { ...switchOff, doc: 'Whether it can send under its own MAC address only.' },
    'security.ipv4_filtering': {
      ...switchOff,
      doc: 'Whether it can send IPv4 from its reserved address only, nothing but IP, and under its own MAC address only.',
    },
    'security.ipv6_filtering': {
      ...switchOff,
      doc: 'Whether it can send IPv6 from the addresses of its MAC address only, nothing but IP, and under its own MAC address only.',
    },
    'security.port_isolation': {
      ...switchOff,
      doc: 'Whether it exchanges nothing with other nics of the network that have this too.',
    },
  },
  absent: {
    nictype: 'every nic is on a managed network: give network=NAME',
    parent: 'every nic is on a managed network: give network=NAME',
    vlan: 'the bridges of managed networks do not filter by VLAN',
    'vlan.tagged': 'the bridges of managed networks do not filter by VLAN',
  },
  check: (device) => {
    const single = ['limits.ingress', 'limits.egress'].find((option) => device[option] !== undefined);
    if (device['limits.max'] === undefined || single === undefined) return undefined;
    return `limits.max stands for ${single} too: give one of them`;
  },
  parts: ({ owner, name, device, hwaddr }) => {
    const rules = rulesOf(device);
    const { host_name: hostName, mtu, 'ipv4.address': ipv4, 'ipv6.address': ipv6 } = device;
    return [
      {
        kind: 'nic',
        network: device['network'] ?? '',
        name: device['name'] ?? name,
        hwaddr: device['hwaddr']?.toLowerCase() ?? owner.config[hwaddrKey(name)] ?? hwaddr(owner.uuid, name),
        ...(mtu === undefined ? {} : { mtu: Number(mtu) }),
        ...(hostName === undefined ? {} : { hostName }),
        ...(ipv4 === undefined ? {} : { ipv4 }),
        ...(ipv6 === undefined ? {} : { ipv6 }),
        ...(Object.keys(rules).length === 0 ? {} : { rules }),
      },
    ];
  },
};

function rate(doc: string): DeviceOption {
  return { required: false, doc: `${doc} Bits per second.`, check: bitRate };
}

/** Only those that are set. */
function rulesOf(device: Device): NicRules {
  const bits = (option: string) => parseBitRate(device[option] ?? device['limits.max'] ?? '');
  const [ingressBits, egressBits, priority] = [
    bits('limits.ingress'),
    bits('limits.egress'),
    device['limits.priority'],
  ];
  const isOn = (option: string) => parseBoolean(device[option] ?? '') === true;
  return {
    ...(ingressBits === undefined ? {} : { ingressBits }),
    ...(egressBits === undefined ? {} : { egressBits }),
    ...(priority === undefined ? {} : { priority: Number(priority) }),
    ...(isOn('security.mac_filtering') ? { macFiltering: true } : {}),
    ...(isOn('security.ipv4_filtering') ? { ipv4Filtering: true } : {}),
    ...(isOn('security.ipv6_filtering') ? { ipv6Filtering: true } : {}),
    ...(isOn('security.port_isolation') ? { isolated: true } : {}),
  };
}

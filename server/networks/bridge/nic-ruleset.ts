import { formatAddress } from '../subnet.ts';

/** What a nic may send, see `nicRuleset`. */
export interface NicGuard {
  readonly hwaddr: string;
  /** Nothing from another MAC address. */
  readonly mac: boolean;
  /** Nothing of IPv4 but from these addresses; undefined for anything. None: no IPv4 at all. */
  readonly ipv4?: readonly bigint[];
  /** The same of IPv6. */
  readonly ipv6?: readonly bigint[];
  /** Bytes per second. */
  readonly rateBytes?: number;
  /** The priority that what it sends has in queues, skb->priority. */
  readonly priority?: number;
}

/** What the kernel's bucket holds beside one second of the rate (net/netfilter/nft_limit.c): the largest packet there is at once. */
const burstBytes = 65_536;

/**
 * The chain of a nic's table in the family `netdev`, see nft(8): it sees every frame that the instance sends, before the bridge does.
 * What is dropped for its sender does not count for the rate. A frame with a VLAN tag, and any other kind of frame that carries
 * addresses elsewhere, is none of those that a filter of addresses lets pass.
 */
export function nicRuleset(link: string, guard: NicGuard): string {
  const { ipv4, ipv6, rateBytes, priority } = guard;
  const filtersAddresses = ipv4 !== undefined || ipv6 !== undefined;
  const rules = [
    ...(guard.mac ? [`ether saddr != ${guard.hwaddr} drop`, `arp saddr ether != ${guard.hwaddr} drop`] : []),
    ...(filtersAddresses ? ['ether type != { ip, arp, ip6 } drop'] : []),
    ...(ipv4 === undefined ? [] : rulesOfIPv4(ipv4)),
    ...(ipv6 === undefined ? [] : rulesOfIPv6(guard.hwaddr, ipv6)),
    ...(rateBytes === undefined ? [] : [rateRule(rateBytes)]),
    ...(priority === undefined ? [] : [`meta priority set 0000:${priority.toString(16).padStart(4, '0')}`]),
  ];
  const head = `type filter hook ingress device "${link}" priority filter; policy accept;`;
  return `\tchain ingress {\n${[head, ...rules].map((line) => `\t\t${line}\n`).join('')}\t}\n`;
}

/** DHCP begins from 0.0.0.0, and so does a probe for an address (RFC 5227). No instance is a DHCP server. */
function rulesOfIPv4(addresses: readonly bigint[]): string[] {
  if (addresses.length === 0) return ['ether type { ip, arp } drop'];
  const own = setOf(['0.0.0.0', ...addresses.map((address) => formatAddress(4, address))]);
  return [
    // In any other form the addresses of an ARP packet may stand elsewhere.
    ...['htype != 1', 'ptype != 0x0800', 'hlen != 6', 'plen != 4'].map((field) => `arp ${field} drop`),
    `arp saddr ip != ${own} drop`,
    `ip saddr != ${own} drop`,
    'ip saddr 0.0.0.0 meta l4proto != udp drop',
    'ip saddr 0.0.0.0 udp dport != 67 drop',
    'ether type ip udp sport 67 drop',
  ];
}

/**
 * From :: comes only what belongs to making an address (RFC 4862: solicitations and multicast reports). What a nic says of its neighbours
 * is of itself; bytes 8 to 23 of an advertisement are the address it is for. No instance is a router or a DHCP server.
 */
function rulesOfIPv6(hwaddr: string, addresses: readonly bigint[]): string[] {
  if (addresses.length === 0) return ['ether type ip6 drop'];
  const targets = setOf(addresses.map((address) => `0x${address.toString(16).padStart(32, '0')}`));
  return [
    `ip6 saddr != ${setOf(['::', ...addresses.map((address) => formatAddress(6, address))])} drop`,
    'ip6 saddr :: meta l4proto != icmpv6 drop',
    'ip6 saddr :: icmpv6 type != { 131, 132, 133, 135, 143 } drop',
    'icmpv6 type nd-router-advert drop',
    `icmpv6 type nd-neighbor-advert @th,64,128 != ${targets} drop`,
    `icmpv6 type nd-neighbor-advert @th,208,48 != 0x${hwaddr.replaceAll(':', '')} drop`,
    'ether type ip6 udp sport 547 drop',
  ];
}

function rateRule(bytes: number): string {
  return `limit rate over ${bytes} bytes/second burst ${burstBytes} bytes drop`;
}

function setOf(members: readonly string[]): string {
  return `{ ${members.join(', ')} }`;
}

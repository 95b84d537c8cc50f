import { isIPv4, isIPv6 } from 'node:net';
import { Fault } from '../base/fault.ts';

/** An address with its prefix length: `10.1.2.1/24`, `fd42::1/64`. `address` keeps the host bits. */
export interface Subnet {
  readonly family: 4 | 6;
  readonly address: bigint;
  readonly prefix: number;
}

/** Reads `address/prefix`. Fault `invalid` otherwise. */
export function parseSubnet(text: string): Subnet {
  const [host = '', length = '', ...rest] = text.split('/');
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  const address = parseAddress(host);
  if (address === undefined || rest.length > 0 || !(prefix <= bitsOf(address.family))) {
    throw new Fault('invalid', `${JSON.stringify(text)} is not an address with prefix length like 10.1.2.1/24`);
  }
  return { ...address, prefix };
}

/** Reads an IPv4 or IPv6 address; undefined when it is neither, or carries a zone. */
export function parseAddress(text: string): { family: 4 | 6; address: bigint } | undefined {
  if (isIPv4(text)) return { family: 4, address: parseIPv4(text) };
  if (isIPv6(text) && !text.includes('%')) return { family: 6, address: parseIPv6(text) };
  return undefined;
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet.family, subnet.address)}/${subnet.prefix}`;
}

/** Canonical text: IPv6 as RFC 5952 wants it. */
export function formatAddress(family: 4 | 6, address: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((address >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  const zeros = longestZeros(groups);
  if (zeros.length < 2) return groups.join(':');
  return `${groups.slice(0, zeros.start).join(':')}::${groups.slice(zeros.start + zeros.length).join(':')}`;
}

/** The first address, with all host bits zero. */
export function networkOf(subnet: Subnet): bigint {
  return subnet.address - (subnet.address & hostMask(subnet));
}

/** The last address, with all host bits one. */
export function lastOf(subnet: Subnet): bigint {
  return subnet.address | hostMask(subnet);
}

/** `255.255.255.0` of an IPv4 subnet. */
export function netmaskOf(subnet: Subnet): string {
  return formatAddress(4, 0xffffffffn ^ hostMask(subnet));
}

export function contains(subnet: Subnet, family: 4 | 6, address: bigint): boolean {
  return subnet.family === family && address >= networkOf(subnet) && address <= lastOf(subnet);
}

export function overlaps(one: Subnet, other: Subnet): boolean {
  if (one.family !== other.family) return false;
  return networkOf(one) <= lastOf(other) && networkOf(other) <= lastOf(one);
}

function hostMask(subnet: Subnet): bigint {
  return (1n << BigInt(bitsOf(subnet.family) - subnet.prefix)) - 1n;
}

function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

function parseIPv4(text: string): bigint {
  return text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function parseIPv6(text: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const low = dotted === null ? undefined : parseIPv4(dotted[2] ?? '');
  const plain = low === undefined ? text : `${dotted?.[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === '0' ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}

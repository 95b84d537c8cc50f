import { createHash } from 'node:crypto';
import { Fault } from '../../base/fault.ts';
import { formatAddress, lastOf, networkOf, parseAddress, type Subnet } from '../subnet.ts';

/**
 * How an IPv4 subnet is shared out. Nics of instances get reserved addresses; the last quarter is for MAC addresses
 * that yurt does not know (links that guests make themselves), so that a guest that asks for ever new addresses
 * cannot take one from an instance.
 */
export interface AddressPlan {
  readonly gateway: bigint;
  readonly reserved: AddressRange;
  readonly dynamic: AddressRange;
}

/** Both ends belong to it. */
export interface AddressRange {
  readonly first: bigint;
  readonly last: bigint;
}

export function addressPlan(subnet: Subnet): AddressPlan {
  const first = networkOf(subnet) + 1n;
  const last = lastOf(subnet) - 1n;
  const dynamicFirst = last - (last - first + 1n) / 4n + 1n;
  return {
    gateway: subnet.address,
    reserved: { first, last: dynamicFirst - 1n },
    dynamic: { first: dynamicFirst, last },
  };
}

/**
 * An address of the reserved range for a MAC address: where its hash points, or the next free one, so that an instance
 * mostly gets its old address again. Fault `exhausted`.
 */
export function reserve(plan: AddressPlan, hwaddr: string, taken: ReadonlySet<bigint>): bigint {
  const { first, last } = plan.reserved;
  const size = last - first + 1n;
  const digest = createHash('sha256').update(hwaddr).digest();
  const start = digest.readBigUInt64BE(0) % size;
  // One more than is taken, and the gateway: among so many addresses one is free, or the range has no more.
  const tries = Math.min(Number(size), taken.size + 2);
  for (let offset = 0; offset < tries; offset++) {
    const address = first + ((start + BigInt(offset)) % size);
    if (address !== plan.gateway && !taken.has(address)) return address;
  }
  throw new Fault('exhausted', 'The network has no free address left');
}

/** Whether a nic may be given this very address: any of the subnet but the gateway's, the first and the last. */
export function isStatic(subnet: Subnet, address: bigint): boolean {
  return address > networkOf(subnet) && address < lastOf(subnet) && address !== subnet.address;
}

/** Fault `invalid` for an address that no nic of the subnet can have. */
export function checkStatic(subnet: Subnet, text: string): bigint {
  const parsed = parseAddress(text);
  if (parsed?.family === 4 && isStatic(subnet, parsed.address)) return parsed.address;
  const at = (address: bigint) => formatAddress(4, address);
  const range = `${at(networkOf(subnet) + 1n)} to ${at(lastOf(subnet) - 1n)}`;
  throw new Fault(
    'invalid',
    `ipv4.address ${text} is not one of ${range} without ${at(subnet.address)}, the network's own`,
  );
}

export function inRange(range: AddressRange, address: bigint): boolean {
  return address >= range.first && address <= range.last;
}

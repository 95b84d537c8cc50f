import { createHash } from 'node:crypto';
import { networkOf, type Subnet } from './subnet.ts';

/**
 * The MAC address of an instance's nic, the same for ever: `00:16:3e` (the prefix that virtual machines and system
 * containers use) and 24 bits of a hash. With 24 bits two of 500 nics meet with a chance of 0.7 %: the caller that
 * finds the address in use asks again with the next `attempt` and stores what it got.
 */
export function stableHwaddr(instanceId: string, deviceName: string, attempt = 0): string {
  const digest = createHash('sha256').update(`${instanceId}\0${deviceName}\0${attempt}`).digest();
  return `00:16:3e:${[...digest.subarray(0, 3)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
}

/** The address that stateless autoconfiguration makes of a /64 and a MAC address (RFC 4291, appendix A). */
export function eui64(subnet: Subnet, hwaddr: string): bigint {
  const bytes = hwaddr.split(':').map((part) => Number.parseInt(part, 16));
  const [first = 0, ...rest] = bytes;
  const id = [first ^ 0x02, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  return networkOf(subnet) + id.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** Lower-case `xx:xx:xx:xx:xx:xx` of one station, not of a group and not all zero. */
export function isHwaddr(text: string): boolean {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(text) || text === '00:00:00:00:00:00') return false;
  return (Number.parseInt(text.slice(0, 2), 16) & 1) === 0;
}

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { open, rename, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, Fault } from '../../base/fault.ts';
import { isHwaddr } from '../hwaddr.ts';
import { formatAddress, parseAddress } from '../subnet.ts';

/** One IPv4 lease as dnsmasq wrote it. */
export interface DhcpLease {
  readonly expiresAtSeconds: number;
  readonly hwaddr: string;
  readonly address: bigint;
  /** The name that yurt gave the MAC address; absent for addresses that it does not know. */
  readonly hostname?: string;
}

/** More than `dhcp-lease-max` leases of the longest kind take. */
const maxFileBytes = 4 * 1024 * 1024;
/** dnsmasq empties its file and writes it anew: a look in between finds part of it. */
const readAttempts = 4;
const readAgainMs = 5;

/** The leases in dnsmasq's file; none when there is no file. */
export async function readLeases(path: string): Promise<DhcpLease[]> {
  return parseLeases(await readWhole(path));
}

/** Lines of another form (DHCPv6, the future) are passed over. */
export function parseLeases(text: string): DhcpLease[] {
  return text.split('\n').flatMap((line) => leaseOf(line) ?? []);
}

/**
 * Drops leases with a name whose MAC address is no longer known, so that a name ends with its instance. Only while no
 * dnsmasq runs: it reads the file once and then writes it from memory.
 */
export async function pruneLeases(path: string, knownHwaddrs: ReadonlySet<string>): Promise<void> {
  const text = await readWhole(path);
  if (text === '') return;
  const lines = text.split('\n').filter((line) => {
    const lease = leaseOf(line);
    return lease === undefined || lease.hostname === undefined || knownHwaddrs.has(lease.hwaddr);
  });
  const kept = lines.join('\n');
  if (kept === text) return;
  await writeFile(`${path}.new`, kept, { mode: 0o644 });
  await rename(`${path}.new`, path);
}

/** Tells the DHCP server on `server` that the client is gone (DHCPRELEASE, RFC 2131 4.4.6). It does not answer. */
export async function releaseLease(server: bigint, lease: DhcpLease): Promise<void> {
  const socket = createSocket('udp4');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('error', reject);
  socket.send(releasePacket(server, lease), dhcpServerPort, formatAddress(4, server), (error) =>
    error === null ? resolve() : reject(error),
  );
  try {
    await promise;
  } finally {
    socket.close();
  }
}

const dhcpServerPort = 67;

/** A BOOTP message of the least size, 300 bytes (RFC 1542, 2.1), with the three options that a release needs. */
export function releasePacket(server: bigint, lease: DhcpLease): Buffer {
  const packet = Buffer.alloc(300);
  packet.set([1, 1, 6, 0]); // request, Ethernet, six bytes of hardware address, no hops
  packet.writeUInt32BE(randomInt(0x1_0000_0000), 4); // transaction id
  packet.writeUInt32BE(Number(lease.address), 12); // ciaddr: the address that is given back
  packet.set(
    lease.hwaddr.split(':').map((part) => Number.parseInt(part, 16)),
    28,
  );
  packet.set([0x63, 0x82, 0x53, 0x63], 236); // RFC 2131, 3: the magic cookie before the options
  packet.set([53, 1, 7], 240); // message type: release
  packet.set([54, 4], 243); // server identifier
  packet.writeUInt32BE(Number(server), 245);
  packet[249] = 255; // end
  return packet;
}

function leaseOf(line: string): DhcpLease | undefined {
  const [expiry = '', hwaddr = '', ip = '', name = '', ...rest] = line.split(' ');
  const address = parseAddress(ip);
  if (!/^\d{1,12}$/.test(expiry) || !isHwaddr(hwaddr) || address?.family !== 4 || rest.length !== 1) return undefined;
  return {
    expiresAtSeconds: Number(expiry),
    hwaddr,
    address: address.address,
    ...(name === '*' ? {} : { hostname: name }),
  };
}

async function readWhole(path: string): Promise<string> {
  let text = '';
  for (let attempt = 0; attempt < readAttempts; attempt++) {
    if (attempt > 0) await delay(readAgainMs);
    const read = await readBounded(path);
    if (read === undefined) return '';
    text = read;
    if (text.endsWith('\n')) break;
  }
  return text.slice(0, text.lastIndexOf('\n') + 1);
}

async function readBounded(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > maxFileBytes)
      throw new Fault('exhausted', `The lease file ${path} is larger than ${maxFileBytes} bytes`);
    return await file.readFile('utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

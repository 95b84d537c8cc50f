import { isHwaddr } from '../hwaddr.ts';
import { formatAddress, parseAddress } from '../subnet.ts';

/** A nic as the network knows it: who it belongs to, its reserved IPv4 address and its name in DNS. */
export interface NicName {
  readonly instanceId: string;
  /** Name of the link inside. */
  readonly nic: string;
  readonly hwaddr: string;
  readonly ipv4?: bigint;
  /** DHCP does not answer it. */
  readonly withoutIPv4?: true;
  /** The instance's name; further nics of one instance are called NAME-NIC. `.PROJECT` follows, but for the default one. */
  readonly dnsName: string;
  /** The address out of the MAC address, once the guest was seen to have it. */
  readonly ipv6?: bigint;
  /** Name of the host's end, unless it is the one that follows from the ids. */
  readonly hostName?: string;
  /** It has a table of the firewall. */
  readonly guarded?: true;
}

/** What does not stand in a nic's file: who it belongs to is the file's name. */
type Written = Omit<NicName, 'instanceId' | 'nic' | 'ipv6'>;

/** A nic's file is far below; what is longer is not one of ours. */
const maxFileBytes = 1024;

/**
 * A file of dnsmasq's `dhcp-hostsdir`, see `--dhcp-host` in dnsmasq(8). What dnsmasq is not to know stands in comments, for a later
 * server: a name with a project, or of a nic that gets no address, and what there is of the nic on the host.
 */
export function formatNic(nic: Written): string {
  const { hwaddr, ipv4, dnsName, hostName, guarded, withoutIPv4 } = nic;
  const isPlain = !dnsName.includes('.') && withoutIPv4 === undefined;
  const address = ipv4 === undefined ? [] : [formatAddress(4, ipv4)];
  const words = [hwaddr, ...address, ...(isPlain ? [dnsName] : []), ...(withoutIPv4 === true ? ['ignore'] : [])];
  return [
    ...(hostName === undefined ? [] : [`# link ${hostName}\n`]),
    ...(guarded === true ? ['# guarded\n'] : []),
    ...(isPlain ? [] : [`# ${dnsName}\n`]),
    `${words.join(',')}\n`,
  ].join('');
}

/** Undefined for what `formatNic` has not written. */
export function parseNic(text: string): Written | undefined {
  if (text.length > maxFileBytes) return undefined;
  const pattern =
    /^(?:# link (?<hostName>[A-Za-z0-9_.-]{1,15})\n)?(?<guarded># guarded\n)?(?:# (?<noted>[A-Za-z0-9.-]+)\n)?(?<hwaddr>[0-9a-f:]{17})(?:,(?<address>[0-9]+\.[0-9.]+))?(?:,(?<word>[A-Za-z0-9-]+))?\n$/;
  const { hwaddr = '', address, noted, word, hostName, guarded } = pattern.exec(text)?.groups ?? {};
  const ignored = noted !== undefined && word === 'ignore';
  const names = [noted, ignored ? undefined : word].filter((name) => name !== undefined);
  const [dnsName = ''] = names;
  if (names.length !== 1 || !isHwaddr(hwaddr) || !dnsName.split('.').every(isHostName)) return undefined;
  const ipv4 = address === undefined ? undefined : parseAddress(address)?.address;
  return {
    ...{ hwaddr, dnsName },
    ...(ipv4 === undefined ? {} : { ipv4 }),
    ...(ignored ? { withoutIPv4: true } : {}),
    ...(hostName === undefined ? {} : { hostName }),
    ...(guarded === undefined ? {} : { guarded: true }),
  };
}

/** One label of a name in DNS that is no number. */
export function isHostName(text: string): boolean {
  return /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(text) && !/^\d+$/.test(text);
}

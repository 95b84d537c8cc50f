import { Fault } from '../../base/fault.ts';
import type { ServiceAccount } from '../../host/service-account.ts';
import { formatAddress, netmaskOf, networkOf } from '../subnet.ts';
import { addressPlan } from './address-plan.ts';
import type { NicNamesOptions } from './nic-names.ts';

/** All that a bridge's dnsmasq is told. Paths are absolute. */
export interface DnsmasqConfig extends DnsmasqFiles, NicNamesOptions {
  readonly bridge: string;
  readonly account: ServiceAccount;
}

/** Those that dnsmasq itself writes. */
export interface DnsmasqFiles {
  readonly pidFile: string;
  readonly leaseFile: string;
  readonly logFile: string;
}

/** Names that dnsmasq remembers from upstream servers, about 100 bytes each. */
const cacheEntries = 1000;
/** Queries that wait for upstream servers at once; more are refused, so that one guest cannot use up the memory. */
const maxForwardedQueries = 300;
/** Leases of one network at once. */
const maxLeases = 16_384;
const leaseTime = '1h';

/** The text of dnsmasq's configuration file, see dnsmasq(8). Fault `invalid` for a value that it could misread. */
export function formatDnsmasqConfig(config: DnsmasqConfig): string {
  return [...service(config), ...names(config), ...dhcp(config), ...routerAdvertisement(config)]
    .map(([option, value]) => (value === undefined ? option : `${option}=${value}`))
    .map((line) => `${line}\n`)
    .join('');
}

type Option = readonly [name: string, value?: string];

function service(config: DnsmasqConfig): Option[] {
  return [
    ['interface', word(config.bridge)],
    ['except-interface', 'lo'],
    ['bind-interfaces'],
    ['user', word(config.account.user)],
    ['group', word(config.account.group)],
    ['pid-file', path(config.pidFile)],
    ['log-facility', path(config.logFile)],
    ['quiet-dhcp'],
    ['quiet-dhcp6'],
    ['quiet-ra'],
  ];
}

function names(config: DnsmasqConfig): Option[] {
  return [
    ['domain', word(config.domain)],
    // Never asked of upstream servers: so local answers come at once also on a machine without any.
    ['local', `/${word(config.domain)}/`],
    ['domain-needed'],
    ['bogus-priv'],
    ['no-hosts'],
    ['expand-hosts'],
    ['hostsdir', path(config.hostsDirectory)],
    ['dns-loop-detect'],
    ['cache-size', String(cacheEntries)],
    ['dns-forward-max', String(maxForwardedQueries)],
  ];
}

function dhcp(config: DnsmasqConfig): Option[] {
  if (config.ipv4 === undefined) return [];
  const plan = addressPlan(config.ipv4);
  const text = (address: bigint) => formatAddress(4, address);
  const mask = netmaskOf(config.ipv4);
  return [
    ['dhcp-range', `${text(networkOf(config.ipv4))},static,${mask},${leaseTime}`],
    ['dhcp-range', `${text(plan.dynamic.first)},${text(plan.dynamic.last)},${mask},${leaseTime}`],
    ['dhcp-authoritative'],
    ['dhcp-rapid-commit'],
    // Who a client is, is its MAC address: what it says of itself (client id, host name) is not asked.
    ['dhcp-ignore-clid'],
    ['dhcp-ignore-names'],
    ['dhcp-hostsdir', path(config.nicsDirectory)],
    ['dhcp-leasefile', path(config.leaseFile)],
    ['dhcp-lease-max', String(maxLeases)],
    // The probe of an address before it is offered takes up to three seconds; reservations make it needless.
    ['no-ping'],
  ];
}

function routerAdvertisement(config: DnsmasqConfig): Option[] {
  if (config.ipv6 === undefined) return [];
  return [
    ['enable-ra'],
    ['dhcp-range', `${formatAddress(6, networkOf(config.ipv6))},slaac,64,${leaseTime}`],
    ['dhcp-option', `option6:dns-server,[${formatAddress(6, config.ipv6.address)}]`],
    ['dhcp-option', `option6:domain-search,${word(config.domain)}`],
  ];
}

/** Refuses whatever could end the value, begin a comment, quote, or separate two values. */
function word(value: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(value)) refuse(value);
  return value;
}

function path(value: string): string {
  // Spaces are fine: a value reaches to the end of its line.
  if (!/^\/[A-Za-z0-9_.@:+~/ -]*[A-Za-z0-9_.-]$/.test(value) || value.length > 1024) refuse(value);
  return value;
}

function refuse(value: string): never {
  throw new Fault('invalid', `${JSON.stringify(value)} cannot be written into the configuration of dnsmasq`);
}

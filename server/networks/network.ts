import { Fault } from '../base/fault.ts';
import { freeIPv4, freeIPv6, type Random } from './free-subnet.ts';
import { formatSubnet, lastOf, networkOf, parseSubnet, type Subnet } from './subnet.ts';

/** A managed network as the store keeps it. `config` holds only keys that were set, `auto` already resolved. */
export interface NetworkRecord {
  readonly name: string;
  readonly type: 'bridge';
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
}

/** What a bridge's config means, parsed once. */
export interface BridgeConfig {
  readonly ipv4?: Subnet;
  readonly ipv4Nat: boolean;
  readonly ipv6?: Subnet;
  readonly ipv6Nat: boolean;
  readonly domain: string;
}

interface ConfigKey {
  readonly type: string;
  readonly default: string;
  readonly doc: string;
  /** Throws Fault `invalid` with a message that starts after `Cannot …: KEY: `. */
  check(value: string): void;
}

/** Every config key of a bridge. Names and meanings are those of the field. */
export const bridgeKeys = {
  'ipv4.address': {
    type: 'address/prefix, none or auto',
    default: 'auto',
    doc: 'IPv4 address of the bridge; instances get theirs from its subnet by DHCP. `auto` picks a free private /24 when the network is created and turns `ipv4.nat` on.',
    check: checkIPv4,
  },
  'ipv4.nat': {
    type: 'bool',
    default: 'false',
    doc: 'Whether IPv4 traffic that leaves the subnet is masqueraded. On by itself when `ipv4.address` was `auto`.',
    check: checkBool,
  },
  'ipv6.address': {
    type: 'address/64, none or auto',
    default: 'auto',
    doc: 'IPv6 address of the bridge; instances get theirs from its subnet by router advertisement. `auto` picks a free unique local /64 when the network is created and turns `ipv6.nat` on.',
    check: checkIPv6,
  },
  'ipv6.nat': {
    type: 'bool',
    default: 'false',
    doc: 'Whether IPv6 traffic that leaves the subnet is masqueraded. On by itself when `ipv6.address` was `auto`.',
    check: checkBool,
  },
  'dns.domain': {
    type: 'domain name',
    default: 'yurt',
    doc: 'Instances are known as NAME and NAME.DOMAIN to each other.',
    check: checkDomain,
  },
} as const satisfies Record<string, ConfigKey>;

export type BridgeKey = keyof typeof bridgeKeys;

/**
 * Checks a new network and resolves `auto` against `taken` (subnets of the host and of other records), so that what is
 * returned never changes by itself again. Faults: `invalid`, `exhausted`.
 */
export function newNetwork(
  request: { readonly name: string; readonly description?: string; readonly config: Readonly<Record<string, string>> },
  taken: readonly Subnet[],
  random?: Random,
): NetworkRecord {
  const action = `Cannot create network ${JSON.stringify(request.name)}`;
  checkName(action, request.name);
  checkConfig(action, request.config);
  const config: Record<string, string> = { ...request.config };
  if ((config['ipv4.address'] ?? 'auto') === 'auto') {
    config['ipv4.address'] = formatSubnet(freeIPv4(taken, random));
    config['ipv4.nat'] ??= 'true';
  }
  if ((config['ipv6.address'] ?? 'auto') === 'auto') {
    config['ipv6.address'] = formatSubnet(freeIPv6(taken, random));
    config['ipv6.nat'] ??= 'true';
  }
  return { name: request.name, type: 'bridge', description: request.description ?? '', config };
}

/** The typed config of a stored record. Fault `invalid` for a record that could not have come from `newNetwork`. */
export function bridgeConfig(record: NetworkRecord): BridgeConfig {
  const action = `Cannot use network ${JSON.stringify(record.name)}`;
  checkName(action, record.name);
  checkConfig(action, record.config);
  const value = (key: BridgeKey) => record.config[key] ?? bridgeKeys[key].default;
  const subnet = (key: 'ipv4.address' | 'ipv6.address') => {
    const text = value(key);
    if (text === 'auto') throw new Fault('invalid', `${action}: ${key} is still auto`);
    return text === 'none' ? undefined : parseSubnet(text);
  };
  const ipv4 = subnet('ipv4.address');
  const ipv6 = subnet('ipv6.address');
  return {
    ...(ipv4 === undefined ? {} : { ipv4 }),
    ipv4Nat: value('ipv4.nat') === 'true',
    ...(ipv6 === undefined ? {} : { ipv6 }),
    ipv6Nat: value('ipv6.nat') === 'true',
    domain: value('dns.domain'),
  };
}

/** A network's name is the name of its link: at most 15 bytes (IFNAMSIZ), and part of a firewall table's name. */
function checkName(action: string, name: string): void {
  if (/^[A-Za-z][A-Za-z0-9-]{0,14}$/.test(name) && !['all', 'default'].includes(name)) return; // sysctl's own words
  const rule = 'at most 15 letters, digits and hyphens, starting with a letter; not "all" or "default"';
  throw new Fault('invalid', `${action}: the name must be ${rule}`);
}

function checkConfig(action: string, config: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(config)) {
    if (!isBridgeKey(key)) throw new Fault('invalid', `${action}: unknown config key ${JSON.stringify(key)}`);
    try {
      bridgeKeys[key].check(value);
    } catch (error) {
      throw Fault.during(`${action}: ${key}`, error);
    }
  }
}

function isBridgeKey(key: string): key is BridgeKey {
  return Object.hasOwn(bridgeKeys, key);
}

function checkBool(value: string): void {
  if (value !== 'true' && value !== 'false') throw new Fault('invalid', 'must be true or false');
}

function checkIPv4(value: string): void {
  if (value === 'none' || value === 'auto') return;
  const subnet = parseSubnet(value);
  if (subnet.family !== 4) throw new Fault('invalid', 'must be an IPv4 address');
  if (subnet.prefix < 8 || subnet.prefix > 29) throw new Fault('invalid', 'the prefix length must be 8 to 29');
  checkHost(subnet);
  const first = subnet.address >> 24n;
  if (first === 0n || first === 127n || first >= 224n) throw new Fault('invalid', 'must be a unicast address');
}

function checkIPv6(value: string): void {
  if (value === 'none' || value === 'auto') return;
  const subnet = parseSubnet(value);
  if (subnet.family !== 6) throw new Fault('invalid', 'must be an IPv6 address');
  // RFC 4862: stateless autoconfiguration works with 64-bit prefixes only.
  if (subnet.prefix !== 64) throw new Fault('invalid', 'the prefix length must be 64');
  checkHost(subnet);
  const top = subnet.address >> 120n;
  if (top === 0n || top >= 0xfen) throw new Fault('invalid', 'must be a global or unique local address');
}

function checkHost(subnet: Subnet): void {
  const broadcast = subnet.family === 4 && subnet.address === lastOf(subnet);
  if (subnet.address === networkOf(subnet) || broadcast) {
    throw new Fault('invalid', 'must be an address of a host, like 10.1.2.1/24');
  }
}

/** RFC 1035 with RFC 1123's digits; lower case only, so that one domain has one spelling. */
function checkDomain(value: string): void {
  const labels = value.split('.');
  const fine = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  // All digits at the end would read as an address.
  if (!fine || value.length > 200 || /^\d+$/.test(labels.at(-1) ?? '')) {
    throw new Fault('invalid', 'must be a domain name in lower case, like yurt or lab.example');
  }
}

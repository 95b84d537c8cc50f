import { Fault } from '../../base/fault.ts';
import type { BridgeConfig } from '../network.ts';
import { formatAddress, networkOf, type Subnet } from '../subnet.ts';

/** The firewall table of a network. Its link is the only one of that name in this network namespace, so is the table. */
export function tableOf(network: string): string {
  return `yurt_${network.replaceAll('-', '_')}`;
}

/**
 * The chains of a network's table, see nft(8): accepts DHCP and DNS to the host and all forwarding of the bridge, and
 * masquerades what leaves the subnet.
 *
 * In nftables every table has its say: an `accept` here ends only this table's chains, and a packet that another
 * table drops is dropped. A firewall whose forward chain has the policy `drop` (Docker's, firewalld's) must
 * therefore be told of the bridge itself: yurt does not edit foreign tables.
 */
export function rulesetOf(network: string, config: BridgeConfig): string {
  const link = `"${linkName(network)}"`;
  const input = ['udp dport { 53, 67 } accept', 'tcp dport 53 accept', 'icmpv6 type nd-router-solicit accept'];
  return [
    chain(
      'input',
      'filter hook input priority filter',
      input.map((rule) => `iifname ${link} ${rule}`),
    ),
    chain('forward', 'filter hook forward priority filter', [`iifname ${link} accept`, `oifname ${link} accept`]),
    chain('postrouting', 'nat hook postrouting priority srcnat', [
      ...masquerade(config.ipv4Nat ? config.ipv4 : undefined),
      ...masquerade(config.ipv6Nat ? config.ipv6 : undefined),
    ]),
  ].join('');
}

function chain(name: string, type: string, rules: readonly string[]): string {
  const lines = [`type ${type}; policy accept;`, ...rules].map((line) => `\t\t${line}\n`);
  return `\tchain ${name} {\n${lines.join('')}\t}\n`;
}

function masquerade(subnet: Subnet | undefined): string[] {
  if (subnet === undefined) return [];
  const family = subnet.family === 4 ? 'ip' : 'ip6';
  const network = `${formatAddress(subnet.family, networkOf(subnet))}/${subnet.prefix}`;
  return [`${family} saddr ${network} ${family} daddr != ${network} masquerade`];
}

function linkName(network: string): string {
  if (!/^[A-Za-z][A-Za-z0-9-]{0,14}$/.test(network)) {
    throw new Fault('invalid', `${JSON.stringify(network)} is not a network name`);
  }
  return network;
}

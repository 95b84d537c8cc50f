import { Fault } from '../../base/fault.ts';
import type { Link, LinkChange } from '../../host/links.ts';
import type { BridgeConfig } from '../network.ts';
import { formatSubnet } from '../subnet.ts';

/** What a network's bridge link should be. */
export interface WantedBridge {
  readonly name: string;
  readonly hwaddr: string;
  /** The mark by which the server knows its own bridge, besides the MAC address. */
  readonly alias: string;
  readonly config: BridgeConfig;
}

/**
 * The changes that make the link right, nothing when it is: `link` first (so that its kernel settings can be written),
 * then `rest`. Fault `in-use` when a link of that name exists that this server did not make.
 */
export function planBridge(
  wanted: WantedBridge,
  found: Link | undefined,
): { readonly link: LinkChange[]; readonly rest: LinkChange[] } {
  const { name } = wanted;
  if (found !== undefined && !isOurs(wanted, found)) {
    throw new Fault('in-use', `The host has a ${found.kind} link ${JSON.stringify(name)} that is not this network's`);
  }
  const link: LinkChange[] = [];
  if (found === undefined) link.push({ do: 'add-bridge', name, hwaddr: wanted.hwaddr });
  else if (found.hwaddr !== wanted.hwaddr) link.push({ do: 'set-hwaddr', name, hwaddr: wanted.hwaddr });
  if (found?.alias !== wanted.alias) link.push({ do: 'set-alias', name, alias: wanted.alias });
  if (found?.stp === true) link.push({ do: 'set-stp-off', name });

  const addresses = [wanted.config.ipv4, wanted.config.ipv6].flatMap((subnet) =>
    subnet === undefined ? [] : [formatSubnet(subnet)],
  );
  const has = found?.addresses ?? [];
  const rest: LinkChange[] = [
    ...has
      .filter((one) => !addresses.includes(one))
      .map((address) => ({ do: 'remove-address' as const, name, address })),
    ...addresses.filter((one) => !has.includes(one)).map((address) => ({ do: 'add-address' as const, name, address })),
  ];
  if (found?.up !== true) rest.push({ do: 'set-up', name });
  return { link, rest };
}

/** The MAC address is set as the link is made, the alias a moment later: one of the two survives any interruption. */
export function isOurs(wanted: Pick<WantedBridge, 'hwaddr' | 'alias'>, found: Link): boolean {
  return found.kind === 'bridge' && (found.hwaddr === wanted.hwaddr || found.alias === wanted.alias);
}

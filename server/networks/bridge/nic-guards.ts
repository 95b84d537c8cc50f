import type { Firewall } from '../../host/firewall.ts';
import type { LinkRates } from '../../host/link-rates.ts';
import type { NicRequest, NicRules } from '../contract.ts';
import { eui64 } from '../hwaddr.ts';
import { parseSubnet, type Subnet } from '../subnet.ts';
import type { NicName } from './nic-file.ts';
import { type NicGuard, nicRuleset } from './nic-ruleset.ts';

export interface NicGuardsDeps {
  /** Tables of the family `netdev`. */
  readonly firewall: Firewall;
  readonly rates: LinkRates;
  /** The network's, which instances make their addresses in. */
  readonly ipv6?: Subnet;
}

/** The host's end of a nic, and the name by which the server knows it, whatever the user calls it. */
export interface GuardedLink {
  readonly hostName: string;
  readonly madeName: string;
}

const linkLocal = parseSubnet('fe80::/64');

/** What keeps nics to their rules: a table of the firewall for what leaves the instance, a bucket for what reaches it. */
export class NicGuards {
  readonly #deps: NicGuardsDeps;

  constructor(deps: NicGuardsDeps) {
    this.#deps = deps;
  }

  /** Makes a nic whose link exists keep to its rules. */
  async put(link: GuardedLink, entry: NicName, { rules, ipv6 }: NicRequest): Promise<void> {
    const { firewall, rates } = this.#deps;
    if (needsTable(rules)) {
      await firewall.replace(tableOf(link), nicRuleset(link.hostName, this.#guardOf(entry, rules, ipv6 !== 'none')));
    }
    if (rules?.ingressBits !== undefined) await rates.limit(link.hostName, rules.ingressBits);
  }

  /** Instead of any rules that it may have had. */
  async replace(link: GuardedLink, entry: NicName, nic: NicRequest): Promise<void> {
    const { firewall, rates } = this.#deps;
    const { rules } = nic;
    await this.put(link, entry, nic);
    if (rules?.ingressBits === undefined) await rates.limit(link.hostName, undefined);
    if (!needsTable(rules)) await firewall.remove(tableOf(link));
  }

  /** The bucket goes with the link. */
  async remove(link: GuardedLink): Promise<void> {
    await this.#deps.firewall.remove(tableOf(link));
  }

  async holds(link: GuardedLink, { rules }: NicRequest): Promise<boolean> {
    return !needsTable(rules) || (await this.#deps.firewall.list(tableOf(link)))?.includes(link.hostName) === true;
  }

  #guardOf({ hwaddr, ipv4 }: NicName, rules: NicRules, hasIPv6: boolean): NicGuard {
    const { ipv4Filtering, ipv6Filtering, macFiltering, egressBits, priority } = rules;
    const mac = [macFiltering, ipv4Filtering, ipv6Filtering].includes(true);
    return {
      ...{ hwaddr, mac },
      ...(ipv4Filtering === true ? { ipv4: ipv4 === undefined ? [] : [ipv4] } : {}),
      ...(ipv6Filtering === true ? { ipv6: hasIPv6 ? this.#ipv6Of(hwaddr) : [] } : {}),
      ...(egressBits === undefined ? {} : { rateBytes: Math.max(1, Math.floor(egressBits / 8)) }),
      ...(priority === undefined ? {} : { priority }),
    };
  }

  #ipv6Of(hwaddr: string): bigint[] {
    const { ipv6 } = this.#deps;
    if (ipv6 === undefined) return [];
    return [eui64(linkLocal, hwaddr), eui64(ipv6, hwaddr)];
  }
}

/** Whether some of the rules are for what leaves the instance. */
export function needsTable(rules: NicRules | undefined): rules is NicRules {
  const { ingressBits: _, isolated: __, ...leaving } = rules ?? {};
  return Object.keys(leaving).length > 0;
}

function tableOf({ madeName }: GuardedLink): string {
  return `yurt_nic_${madeName}`;
}

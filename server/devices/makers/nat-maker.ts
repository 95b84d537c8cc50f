import { createHash } from 'node:crypto';
import { Fault } from '../../base/fault.ts';
import type { Task } from '../../base/task.ts';
import type { Firewall } from '../../host/firewall.ts';
import type { NetworkDriver } from '../../networks/contract.ts';
import type { PartMaker, PartOf, Plug } from '../part-maker.ts';
import type { NatPart } from '../parts.ts';

export interface NatMakerDeps {
  readonly firewall: Firewall;
  /** Faults: `not-found`, `unavailable`. */
  readonly network: (name: string) => NetworkDriver;
}

const anyAddress = '0.0.0.0';

/** Proxies that are rules of the firewall: each a table of its own, which comes and goes at once. */
export class NatMaker implements PartMaker<NatPart> {
  readonly #deps: NatMakerDeps;

  constructor(deps: NatMakerDeps) {
    this.#deps = deps;
  }

  async check({ nics }: NatPart): Promise<void> {
    if (nics.length === 0) throw new Fault('invalid', 'nat needs a nic of the instance to send packets to');
  }

  async prepare(_task: Task, it: PartOf<NatPart>): Promise<Plug> {
    return async () => {
      const address = await this.#address(it);
      await this.#deps.firewall.replace(tableOf(it), natRules(it.part, address));
    };
  }

  /** A firewall that was reloaded has forgotten it. */
  async works(it: PartOf<NatPart>): Promise<boolean> {
    return (await this.#deps.firewall.list(tableOf(it))) !== undefined;
  }

  async unmake(_task: Task, it: PartOf<NatPart>): Promise<void> {
    await this.#deps.firewall.remove(tableOf(it));
  }

  /** The instance's address that packets go to: one that its network keeps for it. */
  async #address({ owner, part }: PartOf<NatPart>): Promise<string> {
    const kept: string[] = [];
    for (const { network, name } of part.nics) {
      const address = await this.#deps.network(network).reservedAddress({ instanceId: owner.uuid, name });
      if (address !== undefined) kept.push(address);
    }
    const [first] = kept;
    if (first === undefined) throw new Fault('invalid', 'nat needs a nic on a network with IPv4');
    if (part.connect === anyAddress) return first;
    if (kept.includes(part.connect)) return part.connect;
    const addresses = `${kept.join(', ')}, or ${anyAddress} for the first of them`;
    throw new Fault('invalid', `connect: ${part.connect} is not an address of the instance: it has ${addresses}`);
  }
}

/**
 * The chains of a table, see nft(8). Packets of the host itself take the same way; those that an instance sends to itself
 * around the host come back from the host's address, because it would answer itself directly otherwise.
 */
export function natRules({ protocol, listen, ports }: NatPart, address: string): string {
  const here = listen === anyAddress ? 'fib daddr type local ip daddr != 127.0.0.0/8' : `ip daddr ${listen}`;
  const rules = ports.map(({ from, to }) => `\t\t${here} ${protocol} dport ${from} dnat ip to ${address}:${to}\n`);
  const chain = (name: string, hook: string, body: string) => `\tchain ${name} {\n\t\ttype nat ${hook};\n${body}\t}\n`;
  return [
    chain('prerouting', 'hook prerouting priority dstnat', rules.join('')),
    chain('output', 'hook output priority -100', rules.join('')),
    chain(
      'postrouting',
      'hook postrouting priority srcnat',
      `\t\tip saddr ${address} ip daddr ${address} ct status dnat masquerade\n`,
    ),
  ].join('');
}

function tableOf({ owner, files }: PartOf<NatPart>): string {
  return `yurt_proxy_${createHash('sha256').update(`${owner.uuid}\0${files}`).digest('hex').slice(0, 16)}`;
}

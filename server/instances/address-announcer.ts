import type { Log } from '../base/log.ts';
import type { Events } from '../events/events.ts';
import type { Lease } from '../networks/contract.ts';
import { announce } from './announce.ts';
import type { Instance } from './instance.ts';

export interface AddressAnnouncerDeps {
  readonly log: Log;
  readonly events: Pick<Events, 'lifecycle'>;
  readonly leases: (network: string) => Promise<readonly Lease[]>;
  readonly instances: () => Promise<readonly Instance[]>;
}

/** Announces the addresses that instances get: `instance-address-added`, once per address. */
export class AddressAnnouncer {
  readonly #deps: AddressAnnouncerDeps;
  /** What was announced, by network. */
  readonly #known = new Map<string, ReadonlySet<string>>();
  readonly #busy = new Map<string, 'looking' | 'again'>();

  constructor(deps: AddressAnnouncerDeps) {
    this.#deps = deps;
  }

  /** Looks which addresses are new; a change while it looks makes it look once more. Never throws. */
  async changed(network: string): Promise<void> {
    if (this.#busy.has(network)) {
      this.#busy.set(network, 'again');
      return;
    }
    do {
      this.#busy.set(network, 'looking');
      try {
        await this.#look(network);
      } catch (error) {
        this.#deps.log.debug({ err: error, network }, 'the addresses of a network cannot be read');
      }
    } while (this.#busy.get(network) === 'again');
    this.#busy.delete(network);
  }

  async #look(network: string): Promise<void> {
    const leases = await this.#deps.leases(network);
    const known = this.#known.get(network) ?? new Set();
    this.#known.set(network, new Set(leases.map(keyOf)));
    const added = leases.filter((lease) => !known.has(keyOf(lease)));
    if (added.length === 0) return;
    const instances = new Map((await this.#deps.instances()).map((instance) => [instance.uuid, instance]));
    for (const { instanceId, nic, family, address } of added) {
      const instance = instances.get(instanceId);
      const context = { address, family: family === 4 ? 'inet' : 'inet6', interface: nic };
      if (instance !== undefined) announce(this.#deps.events, 'instance-address-added', instance, context);
    }
  }
}

function keyOf({ instanceId, nic, address }: Lease): string {
  return `${instanceId} ${nic} ${address}`;
}

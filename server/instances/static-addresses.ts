import { Fault } from '../base/fault.ts';
import type { Device, DeviceOwner } from '../devices/device.ts';
import type { NetworkDriver } from '../networks/contract.ts';
import { type Expanded, type Instance, resourceOf } from './instance.ts';
import { nicsOf } from './nics.ts';

export interface StaticAddressesDeps {
  readonly instances: () => Promise<readonly Instance[]>;
  /** What expands instances, for as long as nothing changes. */
  readonly expander: () => (instance: Instance) => Promise<Expanded>;
  /** Faults: `not-found`, `unavailable`. */
  readonly network: (name: string) => NetworkDriver;
  readonly hwaddr: (uuid: string, device: string) => string;
}

/** The addresses that nics have by configuration, so that nobody else gets them, even while their instance is stopped. */
export class StaticAddresses {
  readonly #deps: StaticAddressesDeps;

  constructor(deps: StaticAddressesDeps) {
    this.#deps = deps;
  }

  /** IPv4 addresses of the network that nics of other instances than `uuid` are to have, with the instance's resource. */
  async claimed(network: string, uuid: string): Promise<Map<string, string>> {
    const claims = new Map<string, string>();
    const expanded = this.#deps.expander();
    for (const instance of await this.#deps.instances()) {
      if (instance.uuid === uuid) continue;
      for (const device of Object.values((await expanded(instance)).devices).filter(hasChoice)) {
        const address = device['ipv4.address'] ?? 'none';
        if (device['network'] === network && address !== 'none') claims.set(address, resourceOf(instance));
      }
    }
    return claims;
  }

  /**
   * Refuses addresses of nics that their network does not have, or that another nic has or is to have. A network that is down is
   * not asked: its instances cannot start anyway. Faults: `invalid`, `in-use`.
   */
  async check(owner: DeviceOwner, { config, devices }: Expanded): Promise<void> {
    const { hwaddr, network } = this.#deps;
    const addressed = Object.entries(devices).filter(([, device]) => hasChoice(device));
    for (const [name, device] of addressed) {
      const [nic] = nicsOf({ ...owner, config }, { config, devices: { [name]: device } }, hwaddr);
      if (nic === undefined) continue;
      try {
        await network(nic.network).check(nic.request);
        const claims = await this.claimed(nic.network, owner.uuid);
        const holder = claims.get(nic.request.ipv4 ?? '');
        if (holder !== undefined) throw new Fault('in-use', `The address ${nic.request.ipv4} is that of ${holder}`);
      } catch (error) {
        if (!(error instanceof Fault && error.code === 'unavailable')) throw Fault.during(`Device "${name}"`, error);
      }
    }
  }
}

function hasChoice(device: Device): boolean {
  return (
    device['type'] === 'nic' && [device['ipv4.address'], device['ipv6.address'], device['host_name']].some(Boolean)
  );
}

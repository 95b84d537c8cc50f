import { Fault } from '../base/fault.ts';
import type { DeviceOwner } from '../devices/device.ts';
import type { NetworkDriver } from '../networks/contract.ts';
import { type Expanded, type Instance, resourceOf } from './instance.ts';
import { type InstanceNic, nicsOf } from './nics.ts';

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
      for (const device of Object.values((await expanded(instance)).devices)) {
        const address = device['ipv4.address'] ?? 'none';
        const isNic = device['type'] === 'nic' && device['network'] === network;
        if (isNic && address !== 'none') claims.set(address, resourceOf(instance));
      }
    }
    return claims;
  }

  /**
   * Refuses nics that their network cannot have as they are: addresses that it does not have, or that another nic has or is to
   * have. A network that is down is not asked: its instances cannot start anyway. Faults: `invalid`, `in-use`.
   */
  async check(owner: DeviceOwner, { config, devices }: Expanded): Promise<void> {
    const { hwaddr, network } = this.#deps;
    const own = new Map<string, string>();
    for (const [name, device] of Object.entries(devices)) {
      const [nic] = nicsOf({ ...owner, config }, { config, devices: { [name]: device } }, hwaddr);
      if (nic === undefined) continue;
      try {
        checkOnce(own, name, nic);
        await network(nic.network).check(nic.request);
        const { ipv4 = 'none' } = nic.request;
        if (ipv4 === 'none') continue;
        const holder = (await this.claimed(nic.network, owner.uuid)).get(ipv4);
        if (holder !== undefined) throw new Fault('in-use', `The address ${ipv4} is that of ${holder}`);
      } catch (error) {
        if (!(error instanceof Fault && error.code === 'unavailable')) throw Fault.during(`Device "${name}"`, error);
      }
    }
  }
}

/** No two nics of an instance can have the same address on a network, or the same name on the host. Fault `in-use`. */
function checkOnce(own: Map<string, string>, device: string, { network, request }: InstanceNic): void {
  const { ipv4 = 'none', hostName } = request;
  const claims = [
    ...(ipv4 === 'none' ? [] : [{ key: `${network} ${ipv4}`, words: `The address ${ipv4}` }]),
    ...(hostName === undefined ? [] : [{ key: hostName, words: `The host_name ${hostName}` }]),
  ];
  for (const { key, words } of claims) {
    const holder = own.get(key);
    if (holder !== undefined) throw new Fault('in-use', `${words} is that of device "${holder}"`);
    own.set(key, device);
  }
}

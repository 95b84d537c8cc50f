import { Fault } from '../../base/fault.ts';
import type { Link, LinkChange, Links } from '../../host/links.ts';
import type { NicRequest } from '../contract.ts';
import { isMadeName, isNicLink, nicChanges } from './veth.ts';

/** The links of a bridge's nics, each a pair of which one end is a port of the bridge. */
export class NicLinks {
  readonly #links: Links;
  readonly #bridge: string;

  constructor(links: Links, bridge: string) {
    this.#links = links;
    this.#bridge = bridge;
  }

  /** Faults: `in-use` when the host has another link of that name. */
  async check(hostName: string): Promise<void> {
    const found = (await this.#links.list()).find(({ name }) => name === hostName);
    if (found !== undefined && !isNicLink(found)) throw anotherLink(hostName);
  }

  /**
   * Makes the pair, and `more` in the same step; nothing when it was there already, and up. Faults: `unavailable` without the
   * bridge, `in-use` when the host has another link of that name.
   */
  async create(hostName: string, nic: NicRequest, pid: number, more: readonly LinkChange[]): Promise<void> {
    const changes = [...nicChanges(hostName, this.#bridge, nic, pid), ...more];
    try {
      await this.#links.apply(changes);
    } catch (error) {
      const found = await this.#links.list();
      if (!found.some((link) => link.name === this.#bridge)) {
        throw new Fault('unavailable', 'The network is not up', { cause: error });
      }
      const leftOver = found.find((link) => link.name === hostName);
      if (leftOver === undefined) throw error;
      if (!isNicLink(leftOver)) throw anotherLink(hostName);
      // An earlier attempt may have been killed half-way, or belong to an instance that is no more.
      const isRight = leftOver.master === this.#bridge && leftOver.up;
      if (isRight && (await this.#links.hwaddrInProcess(pid, nic.name)) === nic.hwaddr) return;
      await this.deleteAll([leftOver]);
      await this.#links.apply(changes);
    }
  }

  async apply(changes: readonly LinkChange[]): Promise<void> {
    await this.#links.apply(changes);
  }

  /** The namespace of an instance that has ended took its end with it, and that end the host's. Leaves links of others alone. */
  async delete(hostName: string): Promise<void> {
    if (!isMadeName(hostName)) {
      const found = (await this.#links.list()).filter((link) => link.name === hostName && this.#isPort(link));
      return await this.deleteAll(found);
    }
    try {
      await this.#links.apply([{ do: 'delete', name: hostName }]);
    } catch (error) {
      if ((await this.#links.list()).some((link) => link.name === hostName)) throw error;
    }
  }

  /** Those of the bridge, but for those of these names. */
  async deleteOthers(kept: ReadonlySet<string>): Promise<void> {
    const links = await this.#links.list();
    await this.deleteAll(links.filter((link) => this.#isPort(link) && !kept.has(link.name)));
  }

  #isPort(link: Link): boolean {
    return link.master === this.#bridge && isNicLink(link);
  }

  /** One end takes the other with it, and a link may vanish by itself: only what is still there afterwards is a failure. */
  async deleteAll(links: readonly Link[]): Promise<void> {
    for (const { name, index } of links) {
      try {
        await this.#links.apply([{ do: 'delete', name }]);
      } catch (error) {
        if ((await this.#links.list()).some((link) => link.index === index)) throw error;
      }
    }
  }
}

function anotherLink(hostName: string): Fault {
  return new Fault('in-use', `The host has another link called ${hostName}`);
}

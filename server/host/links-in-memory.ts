import { Fault } from '../base/fault.ts';
import { batchLine, type InnerLink, type Link, type LinkChange, type Links } from './links.ts';

/** Links that exist in a list only. `effect` is called before each change and may throw in its place. */
export class LinksInMemory implements Links {
  readonly #effect: (what: string) => void;
  readonly #links = new Map<string, Link>();
  readonly #inner = new Map<string, InnerLink>();
  /** Names of ports that are isolated. */
  readonly isolated = new Set<string>();
  #nextIndex = 2;

  constructor(effect: (what: string) => void = () => {}) {
    this.#effect = effect;
  }

  /** Puts a link there that somebody else made. */
  add(link: Partial<Link> & { readonly name: string }): void {
    const plain: Link = { name: '', index: this.#nextIndex, kind: 'physical', hwaddr: '', up: false, addresses: [] };
    this.#links.set(link.name, { ...plain, ...link });
    this.#nextIndex += 1;
  }

  /** A network namespace takes its ends of pairs with it, and those the host's. */
  endProcess(pid: number): void {
    for (const [hostName, inner] of this.#inner) if (inner.pid === pid) this.#delete(hostName);
  }

  async list(): Promise<Link[]> {
    return [...this.#links.values()];
  }

  async routes(): Promise<string[]> {
    return [...this.#links.values()].flatMap((link) => link.addresses);
  }

  async apply(changes: readonly LinkChange[]): Promise<void> {
    for (const change of changes) batchLine(change); // refuses what the real one refuses, before anything is done
    for (const change of changes) {
      this.#effect(change.do);
      this.#apply(change);
    }
  }

  async hwaddrInProcess(pid: number, name: string): Promise<string | undefined> {
    return [...this.#inner.values()].find((inner) => inner.pid === pid && inner.name === name)?.hwaddr;
  }

  #apply(change: LinkChange): void {
    const { name } = change;
    switch (change.do) {
      case 'add-bridge':
        this.#absent(name);
        this.add({ name, kind: 'bridge', hwaddr: change.hwaddr, stp: false });
        return;
      case 'add-veth': {
        this.#absent(name);
        this.#present(change.master);
        const { pid, name: innerName } = change.inner;
        const taken = [...this.#inner.values()].some((inner) => inner.pid === pid && inner.name === innerName);
        if (taken) throw new Fault('internal', `${innerName} exists in the namespace of ${pid}`);
        this.add({ name, kind: 'veth', hwaddr: '02:00:00:00:00:01', master: change.master });
        this.#inner.set(name, change.inner);
        return;
      }
      case 'delete':
        this.#present(name);
        this.#delete(name);
        return;
      case 'set-hwaddr':
        this.#set(name, { hwaddr: change.hwaddr });
        return;
      case 'set-alias':
        this.#set(name, { alias: change.alias });
        return;
      case 'set-stp-off':
        this.#set(name, { stp: false });
        return;
      case 'set-mtu':
        this.#present(name);
        return;
      case 'set-isolated':
        this.#present(name);
        if (change.isolated) this.isolated.add(name);
        else this.isolated.delete(name);
        return;
      case 'set-up':
        this.#set(name, { up: true });
        return;
      case 'add-address':
        this.#set(name, { addresses: [...this.#present(name).addresses, change.address] });
        return;
      case 'remove-address':
        this.#set(name, { addresses: this.#present(name).addresses.filter((one) => one !== change.address) });
    }
  }

  #set(name: string, change: Partial<Link>): void {
    this.#links.set(name, { ...this.#present(name), ...change });
  }

  #delete(name: string): void {
    this.#links.delete(name);
    this.isolated.delete(name);
    this.#inner.delete(name);
    for (const link of this.#links.values()) {
      if (link.master !== name) continue;
      const { master: _, ...rest } = link;
      this.#links.set(link.name, rest);
    }
  }

  #present(name: string): Link {
    const link = this.#links.get(name);
    if (link === undefined) throw new Fault('internal', `Cannot find device ${name}`);
    return link;
  }

  #absent(name: string): void {
    if (this.#links.has(name)) throw new Fault('internal', `${name} exists`);
  }
}

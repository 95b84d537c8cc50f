import { isIP } from 'node:net';
import { Fault } from '../base/fault.ts';
import { runProgram } from './programs.ts';
import { failed, type Run } from './run.ts';

/** One link of the network namespace that the server runs in. */
export interface Link {
  readonly name: string;
  readonly index: number;
  /** The kernel's kind (`bridge`, `veth`, `vlan`, …), `physical` for hardware, `loopback`. */
  readonly kind: string;
  readonly hwaddr: string;
  readonly up: boolean;
  /** Name of the bridge or bond that the link is a port of. */
  readonly master?: string;
  /** What an administrator, or yurt, wrote on it. */
  readonly alias?: string;
  /** Bridges only: whether the spanning tree protocol runs. */
  readonly stp?: boolean;
  /** `address/prefix` of global scope, IPv4 and IPv6. */
  readonly addresses: readonly string[];
}

/** The end of a pair that is in an instance. */
export interface InnerLink {
  readonly pid: number;
  readonly name: string;
  readonly hwaddr: string;
  /** Bytes of the largest packet; the kernel's default when unset. */
  readonly mtu?: number;
}

/** One step of a batch. Every field is checked before it reaches `ip`, so no value can become a second command. */
export type LinkChange =
  | { readonly do: 'add-bridge'; readonly name: string; readonly hwaddr: string }
  /**
   * A pair whose inner end is born in the network namespace of process `pid`, under its final name, and is down there.
   * Moving it there later would cost 20 ms: the kernel waits for all readers of the link (measured).
   */
  | {
      readonly do: 'add-veth';
      readonly name: string;
      readonly master: string;
      readonly inner: InnerLink;
    }
  | { readonly do: 'delete'; readonly name: string }
  | { readonly do: 'set-hwaddr'; readonly name: string; readonly hwaddr: string }
  | { readonly do: 'set-alias'; readonly name: string; readonly alias: string }
  | { readonly do: 'set-stp-off'; readonly name: string }
  | { readonly do: 'set-mtu'; readonly name: string; readonly mtu: number }
  /** Ports of a bridge only: isolated ones exchange no frames with one another. */
  | { readonly do: 'set-isolated'; readonly name: string; readonly isolated: boolean }
  /** `noLinkLocal`: the link gets no IPv6 address of its own, as befits a port of a bridge. */
  | { readonly do: 'set-up'; readonly name: string; readonly noLinkLocal?: boolean }
  | { readonly do: 'add-address'; readonly name: string; readonly address: string }
  | { readonly do: 'remove-address'; readonly name: string; readonly address: string };

/** What a veth can have (drivers/net/veth.c, ETH_MIN_MTU and ETH_MAX_MTU). */
export const leastMtu = 68;
export const mostMtu = 65_535;

/** The links, addresses and routes of the server's own network namespace. Faults: `unsupported`, `internal`. */
export interface Links {
  list(): Promise<Link[]>;
  /** Destinations of all routes in all tables, as `address/prefix`; without default routes. */
  routes(): Promise<string[]>;
  /** Applies the changes in order with one program; stops at the first that fails and keeps those before it. */
  apply(changes: readonly LinkChange[]): Promise<void>;
  /** Hardware address of the link `name` in the namespace of process `pid`; undefined when there is none. */
  hwaddrInProcess(pid: number, name: string): Promise<string | undefined>;
}

/** A machine with more links than this prints more than we read. Each is about 1.5 KiB of JSON. */
const maxListBytes = 32 * 1024 * 1024;

/** Links through iproute2, in its JSON and batch modes. */
export class IpLinks implements Links {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async list(): Promise<Link[]> {
    return (await this.#json('-d', 'address', 'show')).map(linkOf);
  }

  async routes(): Promise<string[]> {
    const routes = await this.#json('route', 'show', 'table', 'all');
    return routes.flatMap((route) => {
      const destination = text(route['dst']);
      if (destination === undefined || destination === 'default') return [];
      if (destination.includes('/')) return [destination];
      const family = isIP(destination);
      return family === 0 ? [] : [`${destination}/${family === 4 ? 32 : 128}`];
    });
  }

  async apply(changes: readonly LinkChange[]): Promise<void> {
    if (changes.length === 0) return;
    const input = `${changes.map(batchLine).join('\n')}\n`;
    const result = await runProgram(this.#run, ['ip', '-batch', '-'], { input });
    if (result.exitCode !== 0) throw failed(result);
  }

  async hwaddrInProcess(pid: number, name: string): Promise<string | undefined> {
    const namespace = `--net=/proc/${processId(pid)}/ns/net`;
    const result = await this.#run(['nsenter', namespace, 'ip', '-j', 'link', 'show']);
    if (result.exitCode !== 0) return undefined;
    const link = parseArray(result.stdout).find((entry) => entry['ifname'] === name);
    return link === undefined ? undefined : text(link['address']);
  }

  async #json(...args: string[]): Promise<Record<string, unknown>[]> {
    const result = await runProgram(this.#run, ['ip', '-j', ...args], { maxOutputBytes: maxListBytes });
    if (result.exitCode !== 0) throw failed(result);
    return parseArray(result.stdout);
  }
}

/** One line for `ip -batch`, see ip(8). */
export function batchLine(change: LinkChange): string {
  const name = linkName(change.name);
  switch (change.do) {
    case 'add-bridge':
      return `link add dev ${name} address ${hardware(change.hwaddr)} type bridge`;
    case 'add-veth': {
      const { pid, name: innerName, hwaddr, mtu } = change.inner;
      const size = mtu === undefined ? '' : ` mtu ${mtuBytes(mtu)}`;
      const inner = `peer name ${linkName(innerName)} address ${hardware(hwaddr)}${size} netns ${processId(pid)}`;
      return `link add dev ${name} master ${linkName(change.master)} type veth ${inner}`;
    }
    case 'delete':
      return `link delete dev ${name}`;
    case 'set-hwaddr':
      return `link set dev ${name} address ${hardware(change.hwaddr)}`;
    case 'set-alias':
      return `link set dev ${name} alias ${aliasText(change.alias)}`;
    case 'set-stp-off':
      return `link set dev ${name} type bridge stp_state 0`;
    case 'set-mtu':
      return `link set dev ${name} mtu ${mtuBytes(change.mtu)}`;
    case 'set-isolated':
      return `link set dev ${name} type bridge_slave isolated ${change.isolated ? 'on' : 'off'}`;
    case 'set-up':
      return `link set dev ${name}${change.noLinkLocal === true ? ' addrgenmode none' : ''} up`;
    case 'add-address':
      // nodad: nobody else can have an address on a bridge that has no uplink, and until it ends dnsmasq cannot bind.
      return `address add ${subnet(change.address)} dev ${name}${change.address.includes(':') ? ' nodad' : ''}`;
    case 'remove-address':
      return `address delete ${subnet(change.address)} dev ${name}`;
  }
}

function linkOf(entry: Record<string, unknown>): Link {
  const info = record(entry['linkinfo']);
  const flags = Array.isArray(entry['flags']) ? entry['flags'] : [];
  const master = text(entry['master']);
  const alias = text(entry['ifalias']);
  const stp = record(info['info_data'])['stp_state'];
  const kind = text(info['info_kind']) ?? (text(entry['link_type']) === 'loopback' ? 'loopback' : 'physical');
  return {
    name: text(entry['ifname']) ?? '',
    index: typeof entry['ifindex'] === 'number' ? entry['ifindex'] : 0,
    kind,
    hwaddr: text(entry['address']) ?? '',
    up: flags.includes('UP'),
    ...(master === undefined ? {} : { master }),
    ...(alias === undefined ? {} : { alias }),
    ...(kind === 'bridge' ? { stp: stp === 1 } : {}),
    addresses: addressesOf(entry['addr_info']),
  };
}

function addressesOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item) => {
    const address = record(item);
    return address['scope'] === 'global' ? [`${text(address['local'])}/${address['prefixlen']}`] : [];
  });
}

function parseArray(json: string): Record<string, unknown>[] {
  if (json.trim() === '') return []; // `ip -j` prints nothing at all for an empty list of some kinds
  const value: unknown = JSON.parse(json);
  if (!Array.isArray(value)) throw new Fault('internal', 'ip printed JSON that is not a list');
  return value.map(record);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function linkName(name: string): string {
  return checked(name, /^[A-Za-z][A-Za-z0-9_.-]{0,14}$/, 'a link name');
}

function hardware(hwaddr: string): string {
  return checked(hwaddr, /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, 'a hardware address');
}

function aliasText(alias: string): string {
  return checked(alias, /^[A-Za-z0-9:._-]{1,200}$/, 'a link alias');
}

function subnet(address: string): string {
  const [host = '', prefix = ''] = address.split('/');
  if (isIP(host) === 0 || host.includes('%') || !/^\d{1,3}$/.test(prefix)) {
    throw new Fault('invalid', `${JSON.stringify(address)} is not an address with prefix length`);
  }
  return address;
}

function processId(pid: number): number {
  if (!Number.isSafeInteger(pid) || pid < 1) throw new Fault('invalid', `${pid} is not a process id`);
  return pid;
}

function mtuBytes(mtu: number): number {
  if (!Number.isSafeInteger(mtu) || mtu < leastMtu || mtu > mostMtu) throw new Fault('invalid', `${mtu} is not an MTU`);
  return mtu;
}

function checked(value: string, pattern: RegExp, what: string): string {
  if (!pattern.test(value)) throw new Fault('invalid', `${JSON.stringify(value)} is not ${what}`);
  return value;
}

import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, Fault } from '../../base/fault.ts';
import type { NicRequest } from '../contract.ts';
import { eui64, isHwaddr } from '../hwaddr.ts';
import { formatAddress, parseAddress, type Subnet } from '../subnet.ts';
import { type AddressPlan, addressPlan, checkStatic, isStatic, reserve } from './address-plan.ts';
import { formatNic, isHostName, type NicName, parseNic } from './nic-file.ts';
import { needsTable } from './nic-guards.ts';
import { isMadeName } from './veth.ts';

/** Where the nics of a network stand for dnsmasq, which watches both directories, and what they get. */
export interface NicNamesOptions {
  /** dnsmasq's `dhcp-hostsdir`: one file per nic, see `formatNic`. */
  readonly nicsDirectory: string;
  /** dnsmasq's `hostsdir`: one hosts file per nic with an IPv6 address that answers, or with a project. */
  readonly hostsDirectory: string;
  readonly domain: string;
  readonly ipv4?: Subnet;
  readonly ipv6?: Subnet;
}

/**
 * The nics of one network, one small file each, in the format of dnsmasq's `dhcp-hostsdir`, see `formatNic`. dnsmasq
 * reads a new file at once, and never writes one: what a guest says cannot end up here.
 */
export class NicNames {
  readonly #options: NicNamesOptions;
  readonly #plan: AddressPlan | undefined;
  readonly #nics = new Map<string, NicName>();
  #loading: Promise<void> | undefined;

  constructor(options: NicNamesOptions) {
    this.#options = options;
    this.#plan = options.ipv4 === undefined ? undefined : addressPlan(options.ipv4);
  }

  /** Reads what a former server left, once; moves reservations that a new subnet does not contain. */
  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  list(): NicName[] {
    return [...this.#nics.values()];
  }

  find(instanceId: string, nic: string): NicName | undefined {
    return this.#nics.get(keyOf(instanceId, nic));
  }

  /**
   * Refuses what `assign` would refuse because of its addresses and links, now or when the instance's other nics are as it wants
   * them: what one of these has now may be on its way to this one. Faults: `invalid`, `in-use`.
   */
  check(request: NicRequest): void {
    const ofOthers = this.list().filter(({ instanceId }) => instanceId !== request.instanceId);
    this.#check(request, ofOthers);
  }

  #check(request: NicRequest, others: readonly NicName[]): void {
    if (!isLinkName(request.name)) throw new Fault('invalid', `${JSON.stringify(request.name)} is not a link name`);
    if (request.ipv4 !== undefined && request.ipv4 !== 'none') this.#static(request.ipv4, others);
    this.#checkIPv6(request);
    const { hostName } = request;
    if (hostName === undefined) return;
    if (isMadeName(hostName)) throw new Fault('invalid', `host_name: names like ${hostName} are those that yurt makes`);
    if (others.some((other) => other.hostName === hostName)) {
      throw new Fault('in-use', `Another nic of the network has a link called ${hostName} on the host`);
    }
  }

  /**
   * Reserves name and address in memory, at once, so that two nics attached in parallel never get the same.
   * `isNew` is false when an entry of that key gave way. Faults: `invalid`, `in-use` (MAC address, address or name of another),
   * `exhausted`.
   */
  assign(
    request: NicRequest,
    claimed: ReadonlySet<string> = new Set(),
  ): { readonly entry: NicName; readonly isNew: boolean } {
    const others = this.#othersThan(request);
    this.#check(request, others);
    checkRequest(request);
    const key = keyOf(request.instanceId, request.name);
    if (others.some((other) => other.hwaddr === request.hwaddr)) {
      throw new Fault('in-use', `The MAC address ${request.hwaddr} is in use on the network`);
    }
    const dnsName = freeName(request, others);
    const before = this.#nics.get(key);
    const ipv4 = this.#ipv4Of(request, before, others, claimed);
    const { hostName, rules } = request;
    const entry: NicName = {
      instanceId: request.instanceId,
      nic: request.name,
      hwaddr: request.hwaddr,
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(request.ipv4 === 'none' ? { withoutIPv4: true } : {}),
      dnsName,
      ...(hostName === undefined ? {} : { hostName }),
      ...(needsTable(rules) ? { guarded: true } : {}),
    };
    this.#nics.set(key, entry);
    return { entry, isNew: before === undefined };
  }

  /** Writes the nic's file. The rename makes dnsmasq read it whole. */
  async write(entry: NicName): Promise<void> {
    const key = keyOf(entry.instanceId, entry.nic);
    await replaceFile(this.#options.nicsDirectory, key, formatNic(entry));
    const { hostsDirectory } = this.#options;
    const hosts = this.#hostsText(entry);
    if (hosts === '') await rm(join(hostsDirectory, key), { force: true });
    else await replaceFile(hostsDirectory, key, hosts);
  }

  /** From now on DNS answers AAAA for the nic. Does nothing for a nic that is gone. */
  async confirmIPv6(instanceId: string, nic: string): Promise<void> {
    const key = keyOf(instanceId, nic);
    const entry = this.#nics.get(key);
    const ipv6 = entry === undefined ? undefined : this.ipv6Of(entry.hwaddr);
    if (entry === undefined || ipv6 === undefined) return;
    const confirmed = { ...entry, ipv6 };
    this.#nics.set(key, confirmed);
    await replaceFile(this.#options.hostsDirectory, key, this.#hostsText(confirmed));
    if (this.#nics.get(key) !== confirmed) await rm(join(this.#options.hostsDirectory, key), { force: true });
  }

  /** The address that a guest with this MAC address makes itself; undefined without IPv6. */
  ipv6Of(hwaddr: string): bigint | undefined {
    return this.#options.ipv6 === undefined ? undefined : eui64(this.#options.ipv6, hwaddr);
  }

  /** Forgets the nic; returns what it was. Idempotent. */
  async remove(instanceId: string, nic: string): Promise<NicName | undefined> {
    if (!isUuid(instanceId) || !isLinkName(nic)) return undefined;
    const key = keyOf(instanceId, nic);
    const entry = this.#nics.get(key);
    this.#nics.delete(key);
    for (const directory of [this.#options.nicsDirectory, this.#options.hostsDirectory]) {
      await rm(join(directory, key), { force: true });
    }
    return entry;
  }

  #othersThan({ instanceId, name }: Pick<NicRequest, 'instanceId' | 'name'>): NicName[] {
    return this.list().filter((other) => keyOf(other.instanceId, other.nic) !== keyOf(instanceId, name));
  }

  #ipv4Of(
    { ipv4, hwaddr }: NicRequest,
    before: NicName | undefined,
    others: readonly NicName[],
    claimed: ReadonlySet<string>,
  ): bigint | undefined {
    if (ipv4 === 'none') return undefined;
    if (ipv4 !== undefined) return this.#static(ipv4, others);
    if (before?.ipv4 !== undefined && before.hwaddr === hwaddr) return before.ipv4;
    return this.#reserve(hwaddr, others, claimed);
  }

  /** An address that somebody chose. */
  #static(text: string, others: readonly NicName[]): bigint {
    const { ipv4 } = this.#options;
    if (ipv4 === undefined) throw new Fault('invalid', `ipv4.address ${text}: the network has no IPv4`);
    const address = checkStatic(ipv4, text);
    const holder = others.find((other) => other.ipv4 === address);
    if (holder !== undefined) throw new Fault('in-use', `The address ${text} is that of ${holder.dnsName}`);
    return address;
  }

  #checkIPv6({ ipv6, hwaddr }: NicRequest): void {
    if (ipv6 === undefined || ipv6 === 'none') return;
    const own = this.ipv6Of(hwaddr);
    if (own === undefined) throw new Fault('invalid', `ipv6.address ${ipv6}: the network has no IPv6`);
    if (parseAddress(ipv6)?.address === own) return;
    const reason = `instances make their own out of the MAC address, and that of ${hwaddr} is ${formatAddress(6, own)}`;
    throw new Fault('invalid', `ipv6.address ${ipv6}: the network gives out no IPv6 addresses: ${reason}`);
  }

  #reserve(hwaddr: string, others: readonly NicName[], claimed: ReadonlySet<string> = new Set()): bigint | undefined {
    if (this.#plan === undefined) return undefined;
    const taken = others.flatMap((other) => (other.ipv4 === undefined ? [] : [other.ipv4]));
    const chosen = [...claimed].flatMap((text) => parseAddress(text)?.address ?? []);
    return reserve(this.#plan, hwaddr, new Set([...taken, ...chosen]));
  }

  async #load(): Promise<void> {
    const { nicsDirectory, hostsDirectory } = this.#options;
    for (const file of await filesOf(nicsDirectory)) {
      const entry = await readEntry(nicsDirectory, file);
      if (entry === undefined) await rm(join(nicsDirectory, file), { force: true, recursive: true });
      else this.#nics.set(file, await this.#withIPv6(file, entry));
    }
    for (const file of await filesOf(hostsDirectory)) {
      if (!this.#nics.has(file)) await rm(join(hostsDirectory, file), { force: true, recursive: true });
    }
    for (const [key, entry] of this.#nics) {
      if (entry.withoutIPv4 === true || this.#fits(entry.ipv4)) continue;
      const { ipv4: _, ...rest } = entry;
      const others = this.list().filter((other) => other !== entry);
      const ipv4 = this.#reserve(entry.hwaddr, others);
      const moved = { ...rest, ...(ipv4 === undefined ? {} : { ipv4 }) };
      this.#nics.set(key, moved);
      await this.write(moved);
    }
  }

  async #withIPv6(file: string, entry: NicName): Promise<NicName> {
    const ipv6 = this.ipv6Of(entry.hwaddr);
    const path = join(this.#options.hostsDirectory, file);
    const text = await readFile(path, 'utf8').catch(() => '');
    if (ipv6 !== undefined && text === this.#hostsText({ ...entry, ipv6 })) return { ...entry, ipv6 };
    if (text !== this.#hostsText(entry)) await this.write(entry);
    return entry;
  }

  /**
   * What hosts(5) says of a nic. A name without a project is dnsmasq's own matter: with DHCP it answers the IPv4 address,
   * and adds the domain. One with a project has dots, and for dnsmasq what follows a dot is a domain, which a DHCP client
   * may not choose: such names stand here whole. `NAME.PROJECT` itself is left out where it would be another's
   * `NAME.DOMAIN`.
   */
  #hostsText({ ipv4, ipv6, dnsName }: NicName): string {
    const [, project] = dnsName.split('.');
    if (project === undefined) return ipv6 === undefined ? '' : `${formatAddress(6, ipv6)} ${dnsName}\n`;
    const { domain } = this.#options;
    const short = project.toLowerCase() === domain.toLowerCase() ? [] : [dnsName];
    const addresses = [
      ...(ipv4 === undefined ? [] : [formatAddress(4, ipv4)]),
      ...(ipv6 === undefined ? [] : [formatAddress(6, ipv6)]),
    ];
    return addresses.map((address) => `${[address, `${dnsName}.${domain}`, ...short].join(' ')}\n`).join('');
  }

  #fits(address: bigint | undefined): boolean {
    const { ipv4 } = this.#options;
    if (ipv4 === undefined) return address === undefined;
    return address !== undefined && isStatic(ipv4, address);
  }
}

/** One name must not mean two nics: dnsmasq would give it to whichever asked last. DNS knows no case. */
function freeName(request: NicRequest, others: readonly NicName[]): string {
  const holder = (name: string) => others.find((other) => other.dnsName.toLowerCase() === name.toLowerCase());
  const suffix = request.project === undefined ? '' : `.${request.project}`;
  const first = `${request.instanceName}${suffix}`;
  if (holder(first)?.instanceId !== request.instanceId) {
    if (holder(first) === undefined) return first;
    throw new Fault('in-use', `The name ${JSON.stringify(first)} is in use on the network`);
  }
  const label = `${request.instanceName}-${request.name.replaceAll('_', '-')}`;
  const name = `${label}${suffix}`;
  if (!isHostName(label)) throw new Fault('invalid', `${JSON.stringify(name)} cannot be a name in DNS`);
  if (holder(name) !== undefined)
    throw new Fault('in-use', `The name ${JSON.stringify(name)} is in use on the network`);
  return name;
}

/** Every part ends up in a file name or in a line of dnsmasq's: nothing but what these patterns allow. */
function checkRequest(request: NicRequest): void {
  if (!isUuid(request.instanceId)) throw new Fault('invalid', `${JSON.stringify(request.instanceId)} is not an id`);
  if (!isHwaddr(request.hwaddr)) throw new Fault('invalid', `${JSON.stringify(request.hwaddr)} is not a MAC address`);
  for (const label of [request.instanceName, request.project ?? 'default']) {
    if (!isHostName(label)) throw new Fault('invalid', `${JSON.stringify(label)} cannot be a name in DNS`);
  }
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

function isLinkName(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_-]{0,14}$/.test(text);
}

function keyOf(instanceId: string, nic: string): string {
  return `${instanceId}.${nic}`;
}

/** None when the network was never up. */
async function filesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function readEntry(directory: string, file: string): Promise<NicName | undefined> {
  const [instanceId = '', nic = ''] = file.split('.');
  if (!isUuid(instanceId) || !isLinkName(nic) || file !== keyOf(instanceId, nic)) return undefined;
  const text = await readFile(join(directory, file), 'utf8').catch(() => '');
  const written = parseNic(text);
  return written === undefined ? undefined : { instanceId, nic, ...written };
}

/** The new file has a name that starts with a dot until it is whole: dnsmasq passes such files over. */
async function replaceFile(directory: string, name: string, content: string): Promise<void> {
  const draft = join(directory, `.${name}`);
  try {
    await writeFile(draft, content, { mode: 0o644 });
    await rename(draft, join(directory, name));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new Fault('unavailable', 'The network is not up', { cause: error });
  }
}

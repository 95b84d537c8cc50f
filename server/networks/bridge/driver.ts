import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../base/fault.ts';
import type { Log } from '../../base/log.ts';
import { Revert } from '../../base/revert.ts';
import type { Task } from '../../base/task.ts';
import type { Firewall } from '../../host/firewall.ts';
import type { Link, Links } from '../../host/links.ts';
import type { ServiceAccount } from '../../host/service-account.ts';
import type { Sysctls } from '../../host/sysctls.ts';
import type { Lease, NetworkDriver, NetworkStatus, NicRequest, PreparedNic } from '../contract.ts';
import { eui64, stableHwaddr } from '../hwaddr.ts';
import { type BridgeConfig, bridgeConfig, type NetworkRecord } from '../network.ts';
import { makeReachable } from '../network-directory.ts';
import { formatAddress } from '../subnet.ts';
import { isOurs, planBridge } from './bridge-plan.ts';
import { setBridgeSysctls } from './bridge-sysctls.ts';
import { dnsmasqFiles, type NameServer } from './dnsmasq.ts';
import { formatDnsmasqConfig } from './dnsmasq-config.ts';
import { readLeases, releaseLease } from './lease-file.ts';
import { isLinkName, NicNames } from './nic-names.ts';
import { rulesetOf, tableOf } from './ruleset.ts';
import { attachChanges, isNicLink, type VethNames, vethNames } from './veth.ts';

export interface BridgeOptions {
  readonly record: NetworkRecord;
  /** Tells this server's links from those of others on the same host. */
  readonly daemonId: string;
  /** For this network alone; every user must be able to reach it, see `networkDirectory`. */
  readonly directory: string;
  readonly links: Links;
  readonly firewall: Firewall;
  readonly sysctls: Sysctls;
  /** `knownHwaddrs` tells which MAC addresses have a nic now. */
  readonly nameServer: (knownHwaddrs: () => Promise<ReadonlySet<string>>) => NameServer;
  readonly account: () => Promise<ServiceAccount>;
  readonly log: Log;
}

/** A managed bridge: the link, its addresses, kernel settings, firewall table, and a dnsmasq for DHCP, RA and DNS. */
export class BridgeDriver implements NetworkDriver {
  readonly #options: BridgeOptions;
  readonly #config: BridgeConfig;
  readonly #names: NicNames;
  readonly #nameServer: NameServer;
  readonly #identity: { readonly name: string; readonly hwaddr: string; readonly alias: string };
  #fault: string | undefined = 'The network has not been brought up yet';
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: BridgeOptions) {
    const { record, daemonId, directory } = options;
    this.#options = options;
    this.#config = bridgeConfig(record);
    this.#identity = {
      name: record.name,
      hwaddr: stableHwaddr(daemonId, record.name),
      alias: `yurt:${daemonId}:${record.name}`,
    };
    const { ipv4, ipv6 } = this.#config;
    this.#names = new NicNames({
      nicsDirectory: join(directory, 'nics'),
      hostsDirectory: join(directory, 'hosts'),
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
    });
    this.#nameServer = options.nameServer(async () => {
      await this.#names.load();
      return new Set(this.#names.list().map((nic) => nic.hwaddr));
    });
  }

  up(_task: Task): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await makeReachable(this.#options.directory);
        await this.#names.load();
        const index = await this.#bringUpLink();
        await this.#bringUpFirewall();
        await this.#nameServer.ensure(await this.#dnsmasqConfig(), `link ${index}`);
        this.#fault = undefined;
      } catch (error) {
        const fault = Fault.during(`Cannot bring up network "${this.#identity.name}"`, error);
        this.#fault = fault.message;
        throw fault;
      }
    });
  }

  down(_task: Task): Promise<void> {
    return this.#inTurn(async () => {
      try {
        this.#fault = 'The network is down';
        await this.#nameServer.stop();
        await this.#options.firewall.remove(tableOf(this.#identity.name));
        const links = await this.#options.links.list();
        const ours = links.filter((link) => link.name === this.#identity.name && isOurs(this.#identity, link));
        await this.#deleteLinks([...ours, ...this.#portsOf(links)]);
        await this.#names.load();
        for (const nic of this.#names.list()) await this.#names.remove(nic.instanceId, nic.nic);
        await rm(this.#options.directory, { recursive: true, force: true });
      } catch (error) {
        throw Fault.during(`Cannot take down network "${this.#identity.name}"`, error);
      }
    });
  }

  status(): NetworkStatus {
    const detail = this.#fault ?? this.#nameServer.trouble();
    return detail === undefined ? { status: 'created' } : { status: 'unavailable', detail };
  }

  async attach(task: Task, nic: NicRequest): Promise<PreparedNic> {
    try {
      await this.#names.load();
      await using revert = new Revert(task.log);
      const { entry, isNew } = this.#names.assign(nic);
      const veth = vethNames(this.#options.daemonId, nic.instanceId, nic.name);
      revert.push('remove the nic', () => this.detach(task, nic));
      const [written, linked] = await Promise.allSettled([this.#names.write(entry), this.#createPair(veth, nic)]);
      if (linked.status === 'rejected') throw linked.reason;
      if (written.status === 'rejected') throw written.reason;
      // dnsmasq adds what a changed file says to what it said before: only a reload forgets.
      if (!isNew) this.#nameServer.reload();
      revert.commit();
      return { ...veth, ...(entry.ipv4 === undefined ? {} : { ipv4Address: formatAddress(4, entry.ipv4) }) };
    } catch (error) {
      throw Fault.during(`Cannot attach to network "${this.#identity.name}"`, error);
    }
  }

  async enter(_task: Task, prepared: PreparedNic, nic: NicRequest, pid: number): Promise<void> {
    try {
      if (!isLinkName(nic.name)) throw new Fault('invalid', `${JSON.stringify(nic.name)} is not a link name`);
      await this.#options.links.moveToProcess(prepared.peerName, pid, nic.name);
    } catch (error) {
      // An earlier attempt may have got this far before the server was killed.
      if ((await this.#options.links.hwaddrInProcess(pid, nic.name)) === nic.hwaddr) return;
      throw Fault.during(`Cannot move nic "${nic.name}" into the instance`, error);
    }
  }

  async detach(task: Task, nic: Pick<NicRequest, 'instanceId' | 'name'>): Promise<void> {
    await this.#names.load();
    const veth = vethNames(this.#options.daemonId, nic.instanceId, nic.name);
    await this.#deletePair(veth);
    const entry = await this.#names.remove(nic.instanceId, nic.name);
    if (entry === undefined) return;
    this.#nameServer.reload();
    await this.#release(task, entry.hwaddr);
  }

  async repair(task: Task, known: ReadonlySet<string>): Promise<void> {
    await this.#names.load();
    for (const entry of this.#names.list()) {
      if (!known.has(entry.instanceId)) await this.detach(task, { instanceId: entry.instanceId, name: entry.nic });
    }
    const kept = new Set(
      this.#names.list().map((entry) => vethNames(this.#options.daemonId, entry.instanceId, entry.nic).hostName),
    );
    const links = await this.#options.links.list();
    await this.#deleteLinks(this.#portsOf(links).filter((link) => !kept.has(link.name)));
  }

  async leases(): Promise<Lease[]> {
    await this.#names.load();
    const nics = this.#names.list();
    const { ipv4, ipv6 } = this.#config;
    const leases = ipv4 === undefined ? [] : await readLeases(dnsmasqFiles(this.#options.directory).leaseFile);
    const now = Date.now() / 1000;
    return nics.flatMap((nic) => {
      const common = { instanceId: nic.instanceId, nic: nic.nic, hwaddr: nic.hwaddr, hostname: nic.dnsName };
      const dhcp = leases
        .filter((lease) => lease.hwaddr === nic.hwaddr && lease.expiresAtSeconds > now)
        .map((lease) => ({ ...common, family: 4, address: formatAddress(4, lease.address), source: 'dhcp' }) as const);
      if (ipv6 === undefined) return dhcp;
      const address = formatAddress(6, eui64(ipv6, nic.hwaddr));
      return [...dhcp, { ...common, family: 6, address, source: 'slaac' } as const];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#nameServer.unwatch();
    await this.#turn.catch(() => {});
    this.#nameServer.unwatch();
  }

  /** `up` and `down` never overlap. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work, work);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Returns the index of the link. */
  async #bringUpLink(): Promise<number> {
    const { links, sysctls } = this.#options;
    const { name } = this.#identity;
    const find = async () => (await links.list()).find((link) => link.name === name);
    let found = await find();
    const plan = planBridge({ ...this.#identity, config: this.#config }, found);
    await links.apply(plan.link);
    await setBridgeSysctls(sysctls, name, this.#config);
    await links.apply(plan.rest);
    found ??= await find();
    if (found === undefined) throw new Fault('unavailable', `The link ${name} vanished while it was set up`);
    return found.index;
  }

  /**
   * Loads the table only when it is not as it was after the last load, whoever changed it: comparing with what nft
   * listed then needs no knowledge of how nft writes a rule.
   */
  async #bringUpFirewall(): Promise<void> {
    const { firewall, directory } = this.#options;
    const table = tableOf(this.#identity.name);
    const body = rulesetOf(this.#identity.name, this.#config);
    const stamp = join(directory, 'firewall');
    const hash = (listing: string) => createHash('sha256').update(`${body}\0${listing}`).digest('hex');
    const [found, known] = await Promise.all([firewall.list(table), readFile(stamp, 'utf8').catch(() => '')]);
    if (found !== undefined && hash(found) === known) return;
    await firewall.replace(table, body);
    const listing = await firewall.list(table);
    if (listing === undefined) throw new Fault('unavailable', `The firewall table ${table} vanished as it was loaded`);
    await writeFile(stamp, hash(listing));
  }

  async #dnsmasqConfig(): Promise<string> {
    const { directory } = this.#options;
    const { ipv4, ipv6, domain } = this.#config;
    return formatDnsmasqConfig({
      bridge: this.#identity.name,
      account: await this.#options.account(),
      ...dnsmasqFiles(directory),
      nicsDirectory: join(directory, 'nics'),
      hostsDirectory: join(directory, 'hosts'),
      domain,
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
    });
  }

  async #createPair(veth: VethNames, nic: NicRequest): Promise<void> {
    const { links } = this.#options;
    const changes = attachChanges(veth, this.#identity.name, nic);
    try {
      await links.apply(changes);
    } catch (error) {
      const found = await links.list();
      if (!found.some((link) => link.name === this.#identity.name)) {
        throw new Fault('unavailable', 'The network is not up', { cause: error });
      }
      const leftOver = found.filter((link) => link.name === veth.hostName || link.name === veth.peerName);
      if (leftOver.length === 0) throw error;
      await this.#deleteLinks(leftOver);
      await links.apply(changes);
    }
  }

  /** The namespace of an instance that has ended took its end with it, and that end the host's. */
  async #deletePair(veth: VethNames): Promise<void> {
    const { links } = this.#options;
    try {
      await links.apply([{ do: 'delete', name: veth.hostName }]);
    } catch (error) {
      if ((await links.list()).some((link) => link.name === veth.hostName)) throw error;
    }
  }

  /** One end takes the other with it, and a link may vanish by itself: only what is still there afterwards is a failure. */
  async #deleteLinks(links: readonly Link[]): Promise<void> {
    for (const { name, index } of links) {
      try {
        await this.#options.links.apply([{ do: 'delete', name }]);
      } catch (error) {
        if ((await this.#options.links.list()).some((link) => link.index === index)) throw error;
      }
    }
  }

  #portsOf(links: readonly Link[]): Link[] {
    return links.filter((link) => link.master === this.#identity.name && isNicLink(link));
  }

  /** Best effort: a lease that stays ends by itself, and `leases` no longer shows it. */
  async #release(task: Task, hwaddr: string): Promise<void> {
    const { ipv4 } = this.#config;
    if (ipv4 === undefined) return;
    try {
      const leases = await readLeases(dnsmasqFiles(this.#options.directory).leaseFile);
      for (const lease of leases.filter((one) => one.hwaddr === hwaddr)) await releaseLease(ipv4.address, lease);
    } catch (error) {
      task.log.warn({ err: error }, 'a DHCP lease could not be released');
    }
  }
}

import { createHash } from 'node:crypto';
import { readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../base/fault.ts';
import type { Log } from '../../base/log.ts';
import { Revert } from '../../base/revert.ts';
import type { Task } from '../../base/task.ts';
import type { AddressProbe } from '../../host/address-probe.ts';
import { FileWatch } from '../../host/file-watch.ts';
import type { Firewall } from '../../host/firewall.ts';
import type { Link, Links } from '../../host/links.ts';
import type { ServiceAccount } from '../../host/service-account.ts';
import type { Sysctls } from '../../host/sysctls.ts';
import type { Lease, NetworkDriver, NetworkStatus, NicRequest, PreparedNic } from '../contract.ts';
import { stableHwaddr } from '../hwaddr.ts';
import { type BridgeConfig, bridgeConfig, type NetworkRecord } from '../network.ts';
import { makeReachable } from '../network-directory.ts';
import { formatAddress } from '../subnet.ts';
import { isOurs, planBridge } from './bridge-plan.ts';
import { setBridgeSysctls } from './bridge-sysctls.ts';
import { dnsmasqFiles, type NameServer } from './dnsmasq.ts';
import { formatDnsmasqConfig } from './dnsmasq-config.ts';
import { readLeases, releaseLease } from './lease-file.ts';
import { type NicName, NicNames } from './nic-names.ts';
import { rulesetOf, tableOf } from './ruleset.ts';
import { SlaacWatch } from './slaac-watch.ts';
import { hostLinkName, isNicLink, nicChanges } from './veth.ts';

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
  readonly probe: AddressProbe;
  readonly account: () => Promise<ServiceAccount>;
  readonly log: Log;
}

/** A managed bridge: the link, its addresses, kernel settings, firewall table, and a dnsmasq for DHCP, RA and DNS. */
export class BridgeDriver implements NetworkDriver {
  readonly #options: BridgeOptions;
  readonly #config: BridgeConfig;
  readonly #names: NicNames;
  readonly #nameServer: NameServer;
  readonly #slaac: SlaacWatch;
  readonly #identity: { readonly name: string; readonly hwaddr: string; readonly alias: string };
  readonly #leaseWatchers = new Set<() => void>();
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
    const { ipv4, ipv6, domain } = this.#config;
    this.#names = new NicNames({
      nicsDirectory: join(directory, 'nics'),
      hostsDirectory: join(directory, 'hosts'),
      domain,
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
    });
    this.#slaac = new SlaacWatch(options.probe, options.log);
    this.#nameServer = options.nameServer(async () => {
      await this.#names.load();
      return new Set(this.#names.list().map((nic) => nic.hwaddr));
    });
  }

  up(_task: Task): Promise<void> {
    return this.#inTurn(async () => {
      try {
        for (const name of ['nics', 'hosts']) await makeReachable(join(this.#options.directory, name));
        await this.#names.load();
        const index = await this.#bringUpLink();
        await this.#bringUpFirewall();
        await this.#nameServer.ensure(await this.#dnsmasqConfig(), `link ${index}`);
        for (const nic of this.#names.list()) this.#searchIPv6(nic);
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
        this.#slaac.close();
        await this.#nameServer.stop();
        await this.#options.firewall.remove(tableOf(this.#identity.name));
        const links = await this.#options.links.list();
        const ours = links.filter((link) => link.name === this.#identity.name && isOurs(this.#identity, link));
        await this.#deleteLinks([...ours, ...this.#portsOf(links)]);
        await this.#names.load();
        for (const nic of this.#names.list()) await this.#names.remove(nic.instanceId, nic.nic);
        await rm(this.#options.directory, { recursive: true, force: true });
        await rmdir(dirname(this.#options.directory)).catch(() => {}); // that of all networks, once it is empty
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
      const { entry, isNew } = this.#names.assign(nic);
      await using revert = new Revert(task.log);
      revert.push('remove the nic', () => this.detach(task, nic));
      await this.#names.write(entry);
      // dnsmasq adds what a changed file says to what it said before: only a reload forgets.
      if (!isNew) this.#nameServer.reload();
      revert.commit();
      const hostName = this.#hostName(entry);
      return { hostName, ...(entry.ipv4 === undefined ? {} : { ipv4Address: formatAddress(4, entry.ipv4) }) };
    } catch (error) {
      throw Fault.during(`Cannot attach to network "${this.#identity.name}"`, error);
    }
  }

  async enter(_task: Task, prepared: PreparedNic, nic: NicRequest, pid: number): Promise<void> {
    try {
      await this.#createPair(prepared.hostName, nic, pid);
      await this.#names.load();
      const entry = this.#names.find(nic.instanceId, nic.name);
      if (entry !== undefined) this.#searchIPv6(entry);
    } catch (error) {
      throw Fault.during(`Cannot connect nic "${nic.name}" to network "${this.#identity.name}"`, error);
    }
  }

  async reservedAddress(nic: Pick<NicRequest, 'instanceId' | 'name'>): Promise<string | undefined> {
    await this.#names.load();
    const address = this.#names.find(nic.instanceId, nic.name)?.ipv4;
    return address === undefined ? undefined : formatAddress(4, address);
  }

  async detach(task: Task, nic: Pick<NicRequest, 'instanceId' | 'name'>): Promise<void> {
    await this.#names.load();
    this.#slaac.cancel(`${nic.instanceId}.${nic.name}`);
    await this.#deletePair(hostLinkName(this.#options.daemonId, nic.instanceId, nic.name));
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
    const kept = new Set(this.#names.list().map((entry) => this.#hostName(entry)));
    const links = await this.#options.links.list();
    await this.#deleteLinks(this.#portsOf(links).filter((link) => !kept.has(link.name)));
  }

  async leases(): Promise<Lease[]> {
    await this.#names.load();
    const { leaseFile } = dnsmasqFiles(this.#options.directory);
    const leases = this.#config.ipv4 === undefined ? [] : await readLeases(leaseFile);
    const now = Date.now() / 1000;
    return this.#names.list().flatMap((nic): Lease[] => {
      const common = { instanceId: nic.instanceId, nic: nic.nic, hwaddr: nic.hwaddr, hostname: nic.dnsName };
      const leased = leases.filter((lease) => lease.hwaddr === nic.hwaddr && lease.expiresAtSeconds > now);
      return [
        ...leased.map(
          ({ address }) => ({ ...common, family: 4, address: formatAddress(4, address), source: 'dhcp' }) as const,
        ),
        ...(nic.ipv6 === undefined
          ? []
          : [{ ...common, family: 6, address: formatAddress(6, nic.ipv6), source: 'slaac' } as const]),
      ];
    });
  }

  watchLeases(signal: AbortSignal, changed: () => void): void {
    this.#leaseWatchers.add(changed);
    signal.addEventListener('abort', () => this.#leaseWatchers.delete(changed), { once: true });
    void this.#watchLeaseFile(signal, changed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    this.#nameServer.unwatch();
    this.#slaac.close();
  }

  /** dnsmasq writes the file anew at each change; its directory is there before and after. */
  async #watchLeaseFile(signal: AbortSignal, changed: () => void): Promise<void> {
    const { leaseFile } = dnsmasqFiles(this.#options.directory);
    using changes = new FileWatch();
    changes.add(dirname(leaseFile), basename(leaseFile));
    while (await changes.next(signal)) changed();
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

  #hostName(nic: NicName): string {
    return hostLinkName(this.#options.daemonId, nic.instanceId, nic.nic);
  }

  #searchIPv6(nic: NicName): void {
    const address = this.#names.ipv6Of(nic.hwaddr);
    if (address === undefined || nic.ipv6 !== undefined) return;
    this.#slaac.search(`${nic.instanceId}.${nic.nic}`, formatAddress(6, address), async () => {
      await this.#names.confirmIPv6(nic.instanceId, nic.nic);
      for (const changed of this.#leaseWatchers) changed();
    });
  }

  async #createPair(hostName: string, nic: NicRequest, pid: number): Promise<void> {
    const { links } = this.#options;
    const changes = nicChanges(hostName, this.#identity.name, nic, pid);
    try {
      await links.apply(changes);
    } catch (error) {
      const found = await links.list();
      if (!found.some((link) => link.name === this.#identity.name)) {
        throw new Fault('unavailable', 'The network is not up', { cause: error });
      }
      const leftOver = found.find((link) => link.name === hostName);
      if (leftOver === undefined) throw error;
      // An earlier attempt may have been killed half-way, or belong to an instance that is no more.
      const isRight = leftOver.master === this.#identity.name && leftOver.up;
      if (isRight && (await links.hwaddrInProcess(pid, nic.name)) === nic.hwaddr) return;
      await this.#deleteLinks([leftOver]);
      await links.apply(changes);
    }
  }

  /** The namespace of an instance that has ended took its end with it, and that end the host's. */
  async #deletePair(hostName: string): Promise<void> {
    const { links } = this.#options;
    try {
      await links.apply([{ do: 'delete', name: hostName }]);
    } catch (error) {
      if ((await links.list()).some((link) => link.name === hostName)) throw error;
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

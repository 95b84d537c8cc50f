import { createHash } from 'node:crypto';
import { readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../base/fault.ts';
import type { Log } from '../../base/log.ts';
import { Revert } from '../../base/revert.ts';
import { Serial } from '../../base/serial.ts';
import type { Task } from '../../base/task.ts';
import type { AddressProbe } from '../../host/address-probe.ts';
import { FileWatch } from '../../host/file-watch.ts';
import type { Firewall } from '../../host/firewall.ts';
import type { LinkRates } from '../../host/link-rates.ts';
import type { LinkChange, Links } from '../../host/links.ts';
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
import type { NicName } from './nic-file.ts';
import { type GuardedLink, NicGuards } from './nic-guards.ts';
import { NicLinks } from './nic-links.ts';
import { NicNames, type NicNamesOptions } from './nic-names.ts';
import { rulesetOf, tableOf } from './ruleset.ts';
import { SlaacWatch } from './slaac-watch.ts';
import { hostLinkName, portUp } from './veth.ts';

export interface BridgeOptions {
  readonly record: NetworkRecord;
  /** Tells this server's links from those of others on the same host. */
  readonly daemonId: string;
  /** For this network alone; every user must be able to reach it, see `networkDirectory`. */
  readonly directory: string;
  readonly links: Links;
  readonly firewall: Firewall;
  /** For single nics: tables of the family `netdev`, and rates of links. */
  readonly nicFirewall: Firewall;
  readonly rates: LinkRates;
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
  readonly #nameOptions: NicNamesOptions;
  readonly #names: NicNames;
  readonly #nics: NicLinks;
  readonly #guards: NicGuards;
  readonly #nameServer: NameServer;
  readonly #slaac: SlaacWatch;
  readonly #identity: { readonly name: string; readonly hwaddr: string; readonly alias: string };
  readonly #leaseWatchers = new Set<() => void>();
  #fault: string | undefined = 'The network has not been brought up yet';
  /** `up` and `down` never overlap. */
  readonly #turns = new Serial();

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
    this.#nameOptions = {
      ...{ nicsDirectory: join(directory, 'nics'), hostsDirectory: join(directory, 'hosts'), domain },
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
    };
    this.#names = new NicNames(this.#nameOptions);
    this.#nics = new NicLinks(options.links, record.name);
    const { nicFirewall, rates } = options;
    this.#guards = new NicGuards({ firewall: nicFirewall, rates, ...(ipv6 === undefined ? {} : { ipv6 }) });
    this.#slaac = new SlaacWatch(options.probe, options.log);
    this.#nameServer = options.nameServer(async () => {
      await this.#names.load();
      return new Set(this.#names.list().map((nic) => nic.hwaddr));
    });
  }

  up(_task: Task): Promise<void> {
    return this.#turns.run('network', async () => {
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
    return this.#turns.run('network', async () => {
      try {
        this.#fault = 'The network is down';
        this.#slaac.close();
        await this.#nameServer.stop();
        await this.#options.firewall.remove(tableOf(this.#identity.name));
        await this.#nics.deleteOthers(new Set());
        const links = await this.#options.links.list();
        const bridge = links.filter((link) => link.name === this.#identity.name && isOurs(this.#identity, link));
        await this.#nics.deleteAll(bridge);
        await this.#names.load();
        for (const nic of this.#names.list()) await this.#forget(nic);
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

  async check(nic: NicRequest): Promise<void> {
    await this.#names.load();
    this.#names.check(nic);
    if (nic.hostName !== undefined) await this.#nics.check(nic.hostName);
  }

  async attach(task: Task, nic: NicRequest, claimed?: ReadonlySet<string>): Promise<PreparedNic> {
    try {
      await this.#names.load();
      const { entry, isNew } = this.#names.assign(nic, claimed);
      await using revert = new Revert(task.log);
      revert.push('remove the nic', () => this.detach(task, nic));
      await this.#names.write(entry);
      // dnsmasq adds what a changed file says to what it said before: only a reload forgets.
      if (!isNew) this.#nameServer.reload();
      revert.commit();
      const { hostName } = this.#linkOf(entry);
      return { hostName, ...(entry.ipv4 === undefined ? {} : { ipv4Address: formatAddress(4, entry.ipv4) }) };
    } catch (error) {
      throw Fault.during(`Cannot attach to network "${this.#identity.name}"`, error);
    }
  }

  async enter(_task: Task, prepared: PreparedNic, nic: NicRequest, pid: number): Promise<void> {
    try {
      await this.#names.load();
      const entry = this.#names.find(nic.instanceId, nic.name);
      const up = portUp(prepared.hostName);
      if (entry === undefined || nic.rules === undefined) {
        await this.#nics.create(prepared.hostName, nic, pid, [up]);
      } else {
        // Nothing passes before its rules hold.
        await this.#nics.create(prepared.hostName, nic, pid, isolation(prepared.hostName, nic));
        await this.#guards.put(this.#linkOf(entry), entry, nic);
        await this.#nics.apply([up]);
      }
      if (entry !== undefined) this.#searchIPv6(entry);
    } catch (error) {
      throw Fault.during(`Cannot connect nic "${nic.name}" to network "${this.#identity.name}"`, error);
    }
  }

  async adjust(task: Task, nic: NicRequest): Promise<void> {
    try {
      await this.#names.load();
      const before = this.#names.find(nic.instanceId, nic.name);
      const { entry } = this.#names.assign(nic);
      const isMoved = before?.ipv4 !== entry.ipv4;
      const link = this.#linkOf(entry);
      await this.#names.write(before?.guarded === true ? { ...entry, guarded: true } : entry);
      if (isMoved) this.#nameServer.reload();
      await this.#nics.apply(isolation(link.hostName, nic));
      await this.#guards.replace(link, entry, nic);
      await this.#names.write(entry);
      if (isMoved) await this.#release(task, entry.hwaddr);
    } catch (error) {
      throw Fault.during(`Cannot change nic "${nic.name}" on network "${this.#identity.name}"`, error);
    }
  }

  async holds(nic: NicRequest): Promise<boolean> {
    await this.#names.load();
    const entry = this.#names.find(nic.instanceId, nic.name);
    return entry !== undefined && (await this.#guards.holds(this.#linkOf(entry), nic));
  }

  async reservedAddress(nic: Pick<NicRequest, 'instanceId' | 'name'>): Promise<string | undefined> {
    await this.#names.load();
    const address = this.#names.find(nic.instanceId, nic.name)?.ipv4;
    return address === undefined ? undefined : formatAddress(4, address);
  }

  async hostLink(nic: Pick<NicRequest, 'instanceId' | 'name'>): Promise<string | undefined> {
    await this.#names.load();
    const entry = this.#names.find(nic.instanceId, nic.name);
    return entry === undefined ? undefined : this.#linkOf(entry).hostName;
  }

  async detach(task: Task, nic: Pick<NicRequest, 'instanceId' | 'name'>): Promise<void> {
    await this.#names.load();
    this.#slaac.cancel(`${nic.instanceId}.${nic.name}`);
    const entry = this.#names.find(nic.instanceId, nic.name);
    await this.#nics.delete(this.#linkOf(entry ?? { instanceId: nic.instanceId, nic: nic.name }).hostName);
    if (entry === undefined) return;
    await this.#forget(entry);
    this.#nameServer.reload();
    await this.#release(task, entry.hwaddr);
  }

  async repair(task: Task, known: ReadonlySet<string>): Promise<void> {
    await this.#names.load();
    for (const entry of this.#names.list()) {
      if (!known.has(entry.instanceId)) await this.detach(task, { instanceId: entry.instanceId, name: entry.nic });
    }
    await this.#nics.deleteOthers(new Set(this.#names.list().map((entry) => this.#linkOf(entry).hostName)));
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
    await this.#turns.run('network', async () => {}); // what is under way
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
    const bridge = this.#identity.name;
    const account = await this.#options.account();
    return formatDnsmasqConfig({ bridge, account, ...dnsmasqFiles(this.#options.directory), ...this.#nameOptions });
  }

  #linkOf({ instanceId, nic, hostName }: Pick<NicName, 'instanceId' | 'nic' | 'hostName'>): GuardedLink {
    const madeName = hostLinkName(this.#options.daemonId, instanceId, nic);
    return { madeName, hostName: hostName ?? madeName };
  }

  /** The link is gone, and what was beside it goes. */
  async #forget(entry: NicName): Promise<void> {
    if (entry.guarded === true) await this.#guards.remove(this.#linkOf(entry));
    await this.#names.remove(entry.instanceId, entry.nic);
  }

  #searchIPv6(nic: NicName): void {
    const address = this.#names.ipv6Of(nic.hwaddr);
    if (address === undefined || nic.ipv6 !== undefined) return;
    this.#slaac.search(`${nic.instanceId}.${nic.nic}`, formatAddress(6, address), async () => {
      await this.#names.confirmIPv6(nic.instanceId, nic.nic);
      for (const changed of this.#leaseWatchers) changed();
    });
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

/** The change that isolates a port, or not. */
function isolation(hostName: string, { rules }: NicRequest): LinkChange[] {
  return [{ do: 'set-isolated', name: hostName, isolated: rules?.isolated === true }];
}

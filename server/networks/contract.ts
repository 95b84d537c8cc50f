import type { Task } from '../base/task.ts';

/** What an instance's nic asks of a network. */
export interface NicRequest extends NicLink {
  /** The instance's uuid: leases and link names derive from it. */
  readonly instanceId: string;
  /** The name that DNS answers for: `NAME` and `NAME.DOMAIN`. */
  readonly instanceName: string;
  /** Another project than the default one: its instances are `NAME.PROJECT` and `NAME.PROJECT.DOMAIN`. */
  readonly project?: string;
}

/** A nic of an instance, for itself. */
export interface NicLink {
  /** The link's name inside: `eth0`. One instance has each name once. */
  readonly name: string;
  /** Stable MAC address, `00:16:3e:xx:xx:xx`, see `stableHwaddr`; unique on its network. */
  readonly hwaddr: string;
  /** Bytes of the largest packet; the kernel's default when unset. */
  readonly mtu?: number;
  /** Name of the host's end; one that follows from instance and nic when unset. */
  readonly hostName?: string;
  /** The address that DHCP keeps for it, instead of one that the network chooses; `none` for none at all. */
  readonly ipv4?: string;
  /** The address that it makes of its MAC address, or `none`. */
  readonly ipv6?: string;
  readonly rules?: NicRules;
}

/** What holds of the packets of a nic. */
export interface NicRules {
  /** Bits per second that reach the instance, and that leave it, at most. */
  readonly ingressBits?: number;
  readonly egressBits?: number;
  /** What it sends has this priority in queues (skb->priority). */
  readonly priority?: number;
  /** Nothing leaves it under another MAC address than its own. */
  readonly macFiltering?: true;
  /** Nothing leaves it from another address of that family than its own. */
  readonly ipv4Filtering?: true;
  readonly ipv6Filtering?: true;
  /** It exchanges nothing with other isolated nics of the network. */
  readonly isolated?: true;
}

/** A nic that the network knows, whose links `enter` makes. */
export interface PreparedNic {
  /** Name of the host's end of the veth pair. */
  readonly hostName: string;
  /** The IPv4 address that DHCP keeps for this nic, when the network has IPv4. */
  readonly ipv4Address?: string;
}

/** An address that an attached nic has: leased (`dhcp`), or made out of its MAC address and seen to answer (`slaac`). */
export interface Lease {
  readonly instanceId: string;
  /** Name of the nic inside. */
  readonly nic: string;
  readonly hwaddr: string;
  readonly family: 4 | 6;
  readonly address: string;
  /** The instance's name, as yurt gave it: never what a guest said of itself. */
  readonly hostname: string;
  readonly source: 'dhcp' | 'slaac';
}

export type NetworkStatus =
  | { readonly status: 'created' }
  | { readonly status: 'unavailable'; readonly detail: string };

/** A managed network behind one driver (`bridge`). */
export interface NetworkDriver extends AsyncDisposable {
  /** Makes links, addresses, firewall table and dnsmasq what the record says. Idempotent; finds a live dnsmasq again. */
  up(task: Task): Promise<void>;
  /** Removes all of it, also nics that are still attached. Idempotent. */
  down(task: Task): Promise<void>;
  /** How it is now, as far as the driver watches it; never waits. */
  status(): NetworkStatus;
  /**
   * Refuses addresses that the network does not have, and addresses and names that nics of other instances have: those of its
   * own may be about to change too. Faults: `invalid`, `in-use`.
   */
  check(nic: NicRequest): Promise<void>;
  /**
   * Reserves address and name for the nic; needs no process yet, so it can run while the instance is created. An address
   * that the network chooses is none of `claimed`. Undoes itself on failure. Faults: `invalid`, `in-use` (MAC address, address
   * or name of another), `exhausted`, `unavailable`.
   */
  attach(task: Task, nic: NicRequest, claimed?: ReadonlySet<string>): Promise<PreparedNic>;
  /**
   * Creates the veth pair: the host's end in the bridge and up, the inner end in the network namespace of `pid` under
   * its final name. It stays down: the guest's own network set-up brings it up. Idempotent; replaces a left-over pair.
   */
  enter(task: Task, prepared: PreparedNic, nic: NicRequest, pid: number): Promise<void>;
  /**
   * Makes a nic that was entered have the addresses and rules of `nic`; all else of it is the same. May be called again after a
   * failure, with what was before. Faults: as `attach`.
   */
  adjust(task: Task, nic: NicRequest): Promise<void>;
  /** Whether what keeps the nic to its rules is still there: a firewall that was reloaded by others has forgotten it. */
  holds(nic: NicRequest): Promise<boolean>;
  /** The IPv4 address that DHCP keeps for a nic that is attached; undefined when there is none. */
  reservedAddress(nic: Pick<NicRequest, 'instanceId' | 'name'>): Promise<string | undefined>;
  /** Name of the host's end of a nic that is attached; undefined when it is not. */
  hostLink(nic: Pick<NicRequest, 'instanceId' | 'name'>): Promise<string | undefined>;
  /** Removes the pair, the name and the lease. Idempotent. */
  detach(task: Task, nic: Pick<NicRequest, 'instanceId' | 'name'>): Promise<void>;
  /** Removes whatever belongs to nics of instances that `known` does not list: what a `kill -9` left. */
  repair(task: Task, known: ReadonlySet<string>): Promise<void>;
  /** Addresses of attached nics, matched by MAC address. */
  leases(): Promise<Lease[]>;
  /** Calls `changed` whenever `leases` may say something else than before, until `signal` aborts. */
  watchLeases(signal: AbortSignal, changed: () => void): void;
  /** Stops watching. The network itself stays up: instances outlive the server. */
  [Symbol.asyncDispose](): Promise<void>;
}

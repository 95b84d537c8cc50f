import type { Task } from '../base/task.ts';

/** What an instance's nic asks of a network. */
export interface NicRequest {
  /** The instance's uuid: leases and link names derive from it. */
  readonly instanceId: string;
  /** The name that DNS answers for: `NAME.DOMAIN`. */
  readonly instanceName: string;
  /** The link's name inside: `eth0`. */
  readonly name: string;
  /** Stable MAC address, `00:16:3e:xx:xx:xx`. */
  readonly hwaddr: string;
}

/** A nic prepared on the host: a veth pair whose inner end waits to be moved into the instance. */
export interface PreparedNic {
  readonly hostName: string;
  readonly peerName: string;
}

export interface Lease {
  readonly hwaddr: string;
  readonly address: string;
  readonly hostname: string;
}

/** A managed network behind one driver (`bridge`). */
export interface NetworkDriver {
  /** Makes links, addresses, firewall table and dnsmasq what the record says. Idempotent; finds a live dnsmasq again. */
  up(task: Task): Promise<void>;
  /** Removes all of it. */
  down(task: Task): Promise<void>;
  /** Creates the veth pair, the host's end in the bridge and up. Undoes itself on failure. */
  attach(task: Task, nic: NicRequest): Promise<PreparedNic>;
  /** Moves the inner end into the network namespace of `pid` and renames it. */
  enter(task: Task, prepared: PreparedNic, nic: NicRequest, pid: number): Promise<void>;
  /** Removes the pair and the lease entry. Idempotent. */
  detach(task: Task, nic: NicRequest): Promise<void>;
  /** DHCP leases as dnsmasq wrote them: names and addresses of its own instances only. */
  leases(): Promise<Lease[]>;
}

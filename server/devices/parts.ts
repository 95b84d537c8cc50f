import type { InstanceMount } from '../host/instance-mounts.ts';
import type { Endpoint } from '../host/relays.ts';
import type { NicLink } from '../networks/contract.ts';

/** A link of the instance on a managed network. */
export interface NicPart extends NicLink {
  readonly kind: 'nic';
  readonly network: string;
}

/** A file or directory of the host, or a new file system, that appears inside. */
export interface MountPart extends InstanceMount {
  readonly kind: 'mount';
  /** Whether the instance may do without it when the source does not exist. */
  readonly required: boolean;
}

/** A device node of the host that appears inside. */
export interface NodePart {
  readonly kind: 'node';
  readonly nodeType: 'c' | 'b';
  /** A node of the host, or numbers that need none. */
  readonly from: { readonly path: string } | { readonly major: number; readonly minor: number };
  /** Absolute path inside. */
  readonly target: string;
  /** As the instance sees them. */
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
  /** Whether the instance may do without it when it does not exist. */
  readonly required: boolean;
}

/** A process that passes on what arrives on one side to the other. */
export interface RelayPart {
  readonly kind: 'relay';
  /** The side that listens. */
  readonly bind: 'host' | 'instance';
  readonly pairs: readonly { readonly listen: Endpoint; readonly connect: Endpoint }[];
  readonly proxyProtocol: boolean;
  /** Who connects, as the connecting side counts. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** Of unix sockets that it listens on, as the listening side counts. */
  readonly socket: { readonly uid: number; readonly gid: number; readonly mode: number };
}

/** Rules of the firewall that do the same by rewriting addresses. */
export interface NatPart {
  readonly kind: 'nat';
  readonly protocol: 'tcp' | 'udp';
  /** IPv4; 0.0.0.0 for every address of the host. */
  readonly listen: string;
  /** IPv4; 0.0.0.0 for that of the instance's first nic. */
  readonly connect: string;
  readonly ports: readonly { readonly from: number; readonly to: number }[];
  /** Those of the instance, one of which has the address. With that of each by configuration: another one needs other rules. */
  readonly nics: readonly Pick<NicPart, 'network' | 'name' | 'ipv4'>[];
}

/** What devices are made of. A type returns these as data; one place makes them, at start and in a running instance. */
export type DevicePart = NicPart | MountPart | NodePart | RelayPart | NatPart;
export type PartKind = DevicePart['kind'];

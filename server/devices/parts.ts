import type { InstanceMount } from '../host/instance-mounts.ts';

/** A link of the instance on a managed network. */
export interface NicPart {
  readonly kind: 'nic';
  readonly network: string;
  /** The link's name inside. */
  readonly name: string;
  readonly hwaddr: string;
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

/** What devices are made of. A type returns these as data; one place makes them, at start and in a running instance. */
export type DevicePart = NicPart | MountPart | NodePart;
export type PartKind = DevicePart['kind'];

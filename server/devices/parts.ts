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

/** What devices are made of. A type returns these as data; one place makes them, at start and in a running instance. */
export type DevicePart = NicPart | MountPart;
export type PartKind = DevicePart['kind'];

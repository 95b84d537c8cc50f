/** A link of the instance on a managed network. */
export interface NicPart {
  readonly kind: 'nic';
  readonly network: string;
  /** The link's name inside. */
  readonly name: string;
  readonly hwaddr: string;
}

/** What devices are made of. A type returns these as data; one place makes them, at start and in a running instance. */
export type DevicePart = NicPart;

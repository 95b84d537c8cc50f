import type { Duplex } from 'node:stream';

/** The way to one server. */
export interface Dialer {
  /** Begins to connect. */
  dial(): Duplex;
  /** The event from which on the other side is who it must be. */
  readonly readyEvent: 'connect' | 'secureConnect';
  /** How often a silent server is asked whether it is still there; undefined: the kernel tells when it goes. */
  readonly pingIntervalMs?: number;
  /** Why nobody answered, as advice for the user; undefined when somebody does. */
  whyUnreachable(failure: Error | undefined): Promise<string | undefined>;
}

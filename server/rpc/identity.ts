import { fullSight, noSight, type Sight } from './sight.ts';

/** Who calls. Comes from the kernel or from TLS, never from anything that the caller says. */
export interface Identity {
  /** For logs: `unix:uid=0,gid=0,pid=4711`, `client laptop at 10.0.0.7:51234`. */
  readonly name: string;
  /** False for a client that nobody has trusted: it is asked to become trusted, not told what others may do. */
  readonly trusted: boolean;
  readonly sight: Sight;
  /** What it has proven to have the key of. Local processes have none. */
  readonly certificate?: PeerCertificate;
}

export interface PeerCertificate {
  /** SHA-256, hexadecimal. */
  readonly fingerprint: string;
  readonly pem: string;
}

/** A process of this host that may open the server's socket: that is root, or a member of the group `yurt`. */
export function localIdentity(name: string): Identity {
  return { name, trusted: true, sight: fullSight };
}

/** A client whose certificate is trusted. */
export function clientIdentity(name: string, certificate: PeerCertificate, sight: Sight): Identity {
  return { name, trusted: true, sight, certificate };
}

/** A client whose certificate nobody has trusted yet. */
export function strangerIdentity(name: string, certificate: PeerCertificate): Identity {
  return { name, trusted: false, sight: noSight, certificate };
}

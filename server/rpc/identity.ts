import type { Permission } from '../../proto/gen/yurt/v1/Permission.ts';

/** Who calls. Comes from the kernel or from TLS, never from anything that the caller says. */
export interface Identity {
  /** For logs: `unix:uid=0,gid=0,pid=4711`, `client laptop at 10.0.0.7:51234`. */
  readonly name: string;
  /** False for a client that nobody has trusted: it is asked to become trusted, not told what others may do. */
  readonly trusted: boolean;
  /** All that it may see, with what is in them; undefined: everything. */
  readonly projects: readonly string[] | undefined;
  /** What it has proven to have the key of. Local processes have none. */
  readonly certificate?: PeerCertificate;
  allows(permission: PermissionName): boolean;
}

export interface PeerCertificate {
  /** SHA-256, hexadecimal. */
  readonly fingerprint: string;
  readonly pem: string;
}

export type PermissionName = Exclude<Permission, number>;

/** A process of this host that may open the server's socket: that is root, or a member of the group `yurt`. */
export function localIdentity(name: string): Identity {
  return { name, trusted: true, projects: undefined, allows: () => true };
}

/** A client whose certificate is trusted: for everything, or for what is in some projects. */
export function clientIdentity(
  name: string,
  certificate: PeerCertificate,
  projects: readonly string[] | undefined,
): Identity {
  const allows = (permission: PermissionName) => projects === undefined || permission !== 'PERMISSION_ADMIN';
  return { name, trusted: true, projects, certificate, allows };
}

/** A client whose certificate nobody has trusted yet. */
export function strangerIdentity(name: string, certificate: PeerCertificate): Identity {
  const allows = (permission: PermissionName) => permission === 'PERMISSION_PUBLIC';
  return { name, trusted: false, projects: [], certificate, allows };
}

/** Whether what is in a project exists for it. */
export function sees({ projects }: Pick<Identity, 'projects'>, project: string): boolean {
  return projects === undefined || projects.includes(project);
}

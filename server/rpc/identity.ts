import type { Permission } from '../../proto/gen/yurt/v1/Permission.ts';

/** Who calls. Comes from the kernel or from TLS, never from anything that the caller says. */
export interface Identity {
  /** For logs: `unix:uid=0,gid=0,pid=4711`. */
  readonly name: string;
  allows(permission: PermissionName): boolean;
}

export type PermissionName = Exclude<Permission, number>;

/** A process of this host that may open the server's socket: that is root, or a member of the group `yurt`. */
export function localIdentity(name: string): Identity {
  return { name, allows: () => true };
}

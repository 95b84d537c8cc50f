import { etagOf } from '../base/etag.ts';
import { Fault } from '../base/fault.ts';
import { isRole, type Role } from './role.ts';

/**
 * What a permission is for. An instance is known by its uuid: the permission follows it when it is renamed or moved, and
 * is worth nothing for another one that later has its name.
 */
export type Entity =
  | { readonly type: 'server' }
  | { readonly type: 'project'; readonly project: string }
  | { readonly type: 'instance'; readonly uuid: string };

export interface Permission {
  readonly entity: Entity;
  readonly role: Role;
}

/** Permissions that clients get together. */
export interface Group {
  /** What clients refer to: one that was deleted never comes back, whatever later has its name. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly Permission[];
}

export const maxPermissions = 1000;
const maxDescriptionBytes = 4096;

/** Faults: `invalid`. */
export function checkGroup({ name, description, permissions }: Omit<Group, 'id'>): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/.test(name)) {
    const rule = 'must be 1 to 63 letters, digits, ".", "_", "@" or "-", and begin with a letter or digit';
    throw new Fault('invalid', `Invalid group name "${name.slice(0, 80)}": it ${rule}`);
  }
  if (Buffer.byteLength(description) > maxDescriptionBytes) {
    throw new Fault('invalid', `The description is longer than ${maxDescriptionBytes} bytes`);
  }
  if (permissions.length > maxPermissions) {
    throw new Fault('invalid', `A group has at most ${maxPermissions} permissions`);
  }
  if (new Set(permissions.map(permissionKey)).size < permissions.length) {
    throw new Fault('invalid', `Group "${name}" cannot have the same permission twice`);
  }
}

/** The same for the same permission. */
export function permissionKey({ entity, role }: Permission): string {
  if (entity.type === 'server') return `server ${role}`;
  return entity.type === 'project' ? `project/${entity.project} ${role}` : `instance/${entity.uuid} ${role}`;
}

/** The tag of what may be changed of a group. */
export function groupEtag({ name, description, permissions }: Group): string {
  return etagOf({ name, description, permissions: permissions.map(permissionKey) });
}

export function parseGroup(value: unknown): Group {
  const group = value as Group; // written by this server only; what trust hangs on is checked
  if (typeof group.id !== 'string' || typeof group.name !== 'string') throw new TypeError('not a group');
  if (!group.permissions.every(({ entity, role }) => isRole(role) && isEntity(entity))) {
    throw new TypeError('not the permissions of a group');
  }
  return group;
}

function isEntity(entity: Entity): boolean {
  if (entity.type === 'project') return typeof entity.project === 'string';
  return entity.type === 'instance' ? typeof entity.uuid === 'string' : entity.type === 'server';
}

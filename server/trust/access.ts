import type { Group, Permission } from './group.ts';
import { covers, highest, type Role } from './role.ts';
import type { Rights } from './trusted-client.ts';

/** All that somebody may see and do. */
export interface Access {
  /** In all projects. */
  readonly server: Role | undefined;
  readonly projects: ReadonlyMap<string, Role>;
  /** By uuid. */
  readonly instances: ReadonlyMap<string, Role>;
}

/** Of processes of this host, and of clients that are not restricted. */
export const fullAccess: Access = { server: 'admin', projects: new Map(), instances: new Map() };

export const noAccess: Access = { server: undefined, projects: new Map(), instances: new Map() };

/** What a client may see and do that is in these groups. */
export function accessOf({ restricted, projects }: Rights, groups: readonly Pick<Group, 'permissions'>[]): Access {
  if (!restricted) return fullAccess;
  let server: Role | undefined;
  const inProjects = new Map<string, Role>(projects.map((project) => [project, 'admin']));
  const onInstances = new Map<string, Role>();
  const raise = (roles: Map<string, Role>, key: string, role: Role) => {
    roles.set(key, highest(roles.get(key), role) ?? role);
  };
  for (const { entity, role } of groups.flatMap(({ permissions }) => permissions)) {
    if (entity.type === 'server') server = highest(server, role);
    else if (entity.type === 'project') raise(inProjects, entity.project, role);
    else raise(onInstances, entity.uuid, role);
  }
  return { server, projects: inProjects, instances: onInstances };
}

/** Whether everything that `access` allows is allowed by `other` too. */
export function isWithin(access: Access, other: Access): boolean {
  const heldBy = (role: Role, more: Role | undefined) => covers(highest(other.server, more), role);
  return (
    (access.server === undefined || covers(other.server, access.server)) &&
    [...access.projects].every(([project, role]) => heldBy(role, other.projects.get(project))) &&
    [...access.instances].every(([uuid, role]) => heldBy(role, other.instances.get(uuid)))
  );
}

/** The permissions that amount to it. */
export function permissionsOf({ server, projects, instances }: Access): Permission[] {
  return [
    ...(server === undefined ? [] : [{ entity: { type: 'server' as const }, role: server }]),
    ...[...projects].map(([project, role]) => ({ entity: { type: 'project' as const, project }, role })),
    ...[...instances].map(([uuid, role]) => ({ entity: { type: 'instance' as const, uuid }, role })),
  ];
}

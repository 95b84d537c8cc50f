import type { AuthServiceHandlers } from '../../proto/gen/yurt/v1/AuthService.ts';
import type { Group as GroupMessage } from '../../proto/gen/yurt/v1/Group.ts';
import type { GroupPermission__Output } from '../../proto/gen/yurt/v1/GroupPermission.ts';
import { Fault } from '../base/fault.ts';
import { suggestion } from '../base/nearest.ts';
import type { InstancePlaces } from '../instances/instance-places.ts';
import { defaultProject } from '../projects/project.ts';
import { fullAccess, permissionsOf } from '../trust/access.ts';
import type { ClientAccess } from '../trust/client-access.ts';
import { type Entity, type Group, groupEtag, maxPermissions, type Permission } from '../trust/group.ts';
import type { Groups } from '../trust/groups.ts';
import { isRole, roles } from '../trust/role.ts';
import type { TrustStore } from '../trust/trust-store.ts';
import type { Handlers } from './router.ts';

export interface AuthServiceDeps {
  readonly groups: Groups;
  readonly trust: Pick<TrustStore, 'list'>;
  readonly access: ClientAccess;
  readonly places: Pick<InstancePlaces, 'find'>;
  /** Fault `not-found`. */
  readonly instance: (project: string, name: string) => Promise<{ readonly uuid: string }>;
  /** Fault `not-found`. */
  readonly checkProject: (name: string) => Promise<unknown>;
}

const entityTypes = ['server', 'project', 'instance'];

export function authService(deps: AuthServiceDeps): Handlers<AuthServiceHandlers> {
  const { groups, trust, access } = deps;
  const encodeAll = (permissions: readonly Permission[]) =>
    permissions.flatMap((permission) => encodePermission(permission, deps.places));
  const encode = (group: Group): GroupMessage => ({
    ...{ name: group.name, description: group.description, permissions: encodeAll(group.permissions) },
    identities: trust.list().flatMap((client) => (client.groups.includes(group.id) ? [client.name] : [])),
    etag: groupEtag(group),
  });
  const decode = async (messages: readonly GroupPermission__Output[]) => {
    if (messages.length > maxPermissions) throw new Fault('invalid', `More than ${maxPermissions} permissions`);
    return await Promise.all(messages.map((message) => decodePermission(deps, message)));
  };
  return {
    GetIdentity: async ({ identity: { name, certificate } }) => {
      const client = certificate === undefined ? undefined : access.find(certificate.fingerprint);
      if (client === undefined) return { name, type: 'unix', permissions: encodeAll(permissionsOf(fullAccess)) };
      return {
        ...{ name: client.name, type: 'client', fingerprint: client.fingerprint },
        groups: namesOf(groups, client.groups),
        permissions: encodeAll(permissionsOf(access.of(client.fingerprint))),
      };
    },
    ListGroups: async () => ({ groups: groups.list().map(encode) }),
    GetGroup: async (_call, { name }) => ({ group: encode(groups.get(name)) }),
    CreateGroup: async (_call, { name, description, permissions }) => ({
      group: encode(await groups.create({ name, description, permissions: await decode(permissions) })),
    }),
    UpdateGroup: async (_call, { name, etag, description, permissions }) => ({
      group: encode(await groups.update(name, { description, permissions: await decode(permissions) }, etag)),
    }),
    RenameGroup: async (_call, { name, newName }) => ({ group: encode(await groups.rename(name, newName)) }),
    DeleteGroup: async (_call, { name }) => {
      await groups.remove(name);
      return {};
    },
  };
}

/** Of those that still exist. */
export function namesOf(groups: Pick<Groups, 'find'>, ids: readonly string[]): string[] {
  return ids.flatMap((id) => groups.find(id)?.name ?? []).sort();
}

function encodePermission(
  { entity, role }: Permission,
  places: AuthServiceDeps['places'],
): { entityType: string; entity: string; project: string; entitlement: string }[] {
  const head = { entityType: entity.type, entitlement: role };
  if (entity.type === 'server') return [{ ...head, entity: '', project: '' }];
  if (entity.type === 'project') return [{ ...head, entity: entity.project, project: '' }];
  const found = places.find(entity.uuid);
  return found === undefined ? [] : [{ ...head, entity: found.name, project: found.project }];
}

async function decodePermission(deps: AuthServiceDeps, message: GroupPermission__Output): Promise<Permission> {
  const { entitlement } = message;
  if (!isRole(entitlement)) {
    const hint = unknownWord(entitlement, roles);
    throw new Fault('invalid', `Invalid entitlement "${entitlement.slice(0, 80)}": ${hint}`);
  }
  return { entity: await entityOf(deps, message), role: entitlement };
}

/** Faults: `invalid`, `not-found` for what does not exist. */
async function entityOf(deps: AuthServiceDeps, message: GroupPermission__Output): Promise<Entity> {
  const { entityType, entity, project } = message;
  switch (entityType) {
    case 'server':
      if (entity !== '' || project !== '') throw new Fault('invalid', 'A permission for the server names nothing else');
      return { type: 'server' };
    case 'project':
      if (project !== '') throw new Fault('invalid', 'A permission for a project names no other project');
      await deps.checkProject(entity);
      return { type: 'project', project: entity };
    case 'instance': {
      const { uuid } = await deps.instance(project === '' ? defaultProject : project, entity);
      return { type: 'instance', uuid };
    }
    default:
      throw new Fault(
        'invalid',
        `Invalid entity type "${entityType.slice(0, 80)}": ${unknownWord(entityType, entityTypes)}`,
      );
  }
}

function unknownWord(word: string, known: readonly string[]): string {
  return `must be one of ${known.join(', ')}${suggestion(word, known)}`;
}

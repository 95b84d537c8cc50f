import type { MethodDefinition } from '@grpc/grpc-js';
import type { Permission } from '../../proto/gen/yurt/v1/Permission.ts';
import type { Role } from '../trust/role.ts';

export type PermissionName = Exclude<Permission, number>;

/** What the API says of who may call a method: its options, see `proto/yurt/v1/permission.proto`. */
export interface MethodRule {
  readonly path: string;
  readonly permission: PermissionName;
  /** The field that names the project it is about. */
  readonly project: string;
  /** The field that names the instance it is about. Undefined: it is about the project, or without one about the server. */
  readonly instance: string | undefined;
  /** The field with the id of the operation it is about. */
  readonly operation: string | undefined;
  /** The field with the id of the session that it is about. */
  readonly session: string | undefined;
  /** It lists what is in a project: each item is looked at, not the project. */
  readonly contents: boolean;
  /** It makes something in the target project, or else in the project. */
  readonly creates: boolean;
}

/** Undefined when a method declares no permission. */
export function ruleOf(method: MethodDefinition<unknown, unknown>): MethodRule | undefined {
  const { options = {} } = method as unknown as { options?: Record<string, unknown> }; // proto-loader's addition to the type
  const permission = options['(permission)'] as PermissionName | undefined;
  const word = (name: string) => options[name] as string | undefined;
  if (permission === undefined) return undefined;
  return {
    ...{ path: method.path, permission },
    ...{ project: word('(project)') ?? 'project', instance: word('(instance)'), operation: word('(operation)') },
    session: word('(session)'),
    ...{ contents: options['(contents)'] === true, creates: options['(creates)'] === true },
  };
}

/** What a caller must be, to what a method is about. Those that are not here are for the whole server, or for everybody. */
export const neededRoles: Readonly<Partial<Record<PermissionName, Role>>> = {
  PERMISSION_VIEW: 'viewer',
  PERMISSION_EXEC: 'user',
  PERMISSION_OPERATE: 'operator',
  PERMISSION_MANAGE: 'admin',
};

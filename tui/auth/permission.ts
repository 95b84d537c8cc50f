import type { GroupPermission } from '../../proto/gen/yurt/v1/GroupPermission.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { pairOf } from '../instances/device-options.ts';

/** What a permission is: an empty name stands for the server, an empty project for the default one. */
export type Permission = Required<Record<keyof GroupPermission, string>>;

/**
 * The words of `permission add`: `server admin`, `project team operator`, `instance web user project=team`; without a
 * project, that of the command.
 */
export function permissionOf(words: readonly string[], project: string): Permission {
  const [entityType = '', ...rest] = words;
  if (entityType === 'server') {
    const [entitlement, ...others] = rest;
    if (entitlement === undefined || others.length > 0) throw new UsageError('It reads: server ENTITLEMENT');
    return { entityType, entity: '', project: '', entitlement };
  }
  const [entity, entitlement, ...pairs] = rest;
  if (entity === undefined || entitlement === undefined) {
    throw new UsageError('It reads: server ENTITLEMENT, project NAME ENTITLEMENT, or instance NAME ENTITLEMENT');
  }
  const options = Object.fromEntries(pairs.map(pairOf));
  const { project: given, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new UsageError(`Unknown key "${unknown}": there is only project=NAME`);
  if (entityType !== 'instance') {
    if (given !== undefined) throw new UsageError('Only an instance is in a project');
    return { entityType, entity, project: '', entitlement };
  }
  return { entityType, entity, project: given ?? (project === '' ? 'default' : project), entitlement };
}

/** `instance web in project team: user`. */
export function permissionText({ entityType, entity, project, entitlement }: Permission): string {
  const place = project === '' ? '' : ` in project ${project}`;
  return `${entityType}${entity === '' ? '' : ` ${entity}`}${place}: ${entitlement}`;
}

export function isSamePermission(one: Permission, other: Permission): boolean {
  return permissionText(one) === permissionText(other);
}

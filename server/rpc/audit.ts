import { Fault } from '../base/fault.ts';
import type { Audit } from '../events/event.ts';
import { defaultProject } from '../projects/project.ts';
import type { Identity, PermissionName } from './identity.ts';

export interface AuditedCall {
  readonly identity: Identity | undefined;
  readonly path: string;
  readonly permission: PermissionName;
}

/** What is told of a call that has ended, or could not begin. Undefined for one that only looked at what it may see. */
export function auditOf({ identity, path, permission }: AuditedCall, error: unknown): Audit | undefined {
  const code = error === undefined ? 'ok' : Fault.from(error).code;
  const refused = code === 'forbidden' || code === 'unauthenticated';
  if (identity === undefined || (permission === 'PERMISSION_VIEW' && !refused)) return undefined;
  return {
    type: 'audit',
    caller: identity.name,
    fingerprint: identity.certificate?.fingerprint ?? '',
    method: path.replace(/^\//, ''),
    result: code,
  };
}

/** The project that a request is about; of a stream, what its first message says. */
export function auditedProject(request: unknown): string {
  if (typeof request !== 'object' || request === null) return defaultProject;
  const { project, start } = request as { readonly project?: unknown; readonly start?: unknown };
  if (typeof start === 'object' && start !== null) return auditedProject(start);
  return typeof project === 'string' && project !== '' ? project : defaultProject;
}

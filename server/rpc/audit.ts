import { Fault } from '../base/fault.ts';
import type { Audit } from '../events/event.ts';
import { defaultProject } from '../projects/project.ts';
import type { Identity } from './identity.ts';
import type { MethodRule } from './method-rule.ts';
import { subjectName, subjectOf } from './subject.ts';

export interface AuditedCall {
  readonly identity: Identity | undefined;
  readonly rule: MethodRule;
  /** Of a stream, its first message; undefined when none came. */
  readonly request: unknown;
}

/** What is told of a call. Undefined for one that only looked at what it may see. */
export function auditOf({ identity, rule, request }: AuditedCall, result: string): Audit | undefined {
  const refused = result === 'forbidden' || result === 'unauthenticated';
  if (identity === undefined || (rule.permission === 'PERMISSION_VIEW' && !refused)) return undefined;
  return {
    type: 'audit',
    caller: identity.name,
    fingerprint: identity.certificate?.fingerprint ?? '',
    method: rule.path.replace(/^\//, ''),
    subject: subjectName(rule, request),
    result,
  };
}

/** How a call has ended: `ok`, or the code of its fault. */
export function resultOf(error: unknown): string {
  return error === undefined ? 'ok' : Fault.from(error).code;
}

/** The project that a request is about. */
export function auditedProject(rule: MethodRule, request: unknown): string {
  return subjectOf(rule, request).project ?? defaultProject;
}

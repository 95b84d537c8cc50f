import type { Session__Output } from '../../proto/gen/yurt/v1/Session.ts';
import { dateOf, isoOf } from '../output/units.ts';

/** A session for `-f json` and `-f yaml`. */
export function sessionRecord(session: Session__Output): Record<string, unknown> {
  return {
    id: session.id,
    instance: session.instance,
    project: session.project,
    command: session.command,
    terminal: session.terminal,
    created_at: isoOf(dateOf(session.createdAt)),
    status: sessionStatus(session),
    attached: session.attached,
    exit_code: session.status === 'SESSION_STATUS_ENDED' ? session.exitCode : null,
  };
}

/** `running`, `ended`, `unknown` when the instance does not say. */
export function sessionStatus({ status }: Pick<Session__Output, 'status'>): string {
  if (status === 'SESSION_STATUS_RUNNING') return 'running';
  return status === 'SESSION_STATUS_ENDED' ? 'ended' : 'unknown';
}

import { getSystemErrorMap } from 'node:util';
import type { Failure } from '../../proto/agent/messages.ts';
import { maxKeptSessions } from '../../proto/agent/sessions.ts';
import { codeOfErrno, Fault } from '../base/fault.ts';
import type { ExecCommand } from './exec-session.ts';

/** errno(3): getcwd(2) says that the directory is not below the root. */
const EXDEV = 18;
const notFound = 127;

/**
 * Why a command has exit code 126 or 127. All words are the server's own: an agent, whom the instance's root owns,
 * says numbers only.
 */
export function exitMessage(code: number, failure: Failure | undefined, command: ExecCommand): string {
  if (failure === undefined) return '';
  const program = JSON.stringify(command.argv[0]);
  if (failure.reason === 'interpreter')
    return `Command not executable: ${program}: its interpreter or loader is missing`;
  if (code === notFound) return `Command not found: ${program}`;
  return `Command not executable: ${program}: ${describe(failure.errno)}`;
}

/** The fault for a command that could not be started for reasons outside of the command. */
export function startFault({ reason, errno }: Failure, command: ExecCommand): Fault {
  const why = describe(errno);
  const [name = ''] = getSystemErrorMap().get(-errno) ?? [];
  switch (reason) {
    case 'cwd':
      return errno === EXDEV
        ? new Fault('invalid', `Cannot enter directory ${JSON.stringify(command.cwd)}: it is outside of the instance`)
        : new Fault(codeOfErrno(name), `Cannot enter directory ${JSON.stringify(command.cwd)}: ${why}`);
    case 'user':
      return new Fault('invalid', `Cannot become user ${command.user} and group ${command.group}: ${why}`);
    case 'terminal':
      return new Fault('unavailable', `Cannot open a terminal: ${why}`);
    case 'exec':
    case 'interpreter':
      return new Fault('invalid', `Cannot run ${JSON.stringify(command.argv[0])}: ${why}`);
    case 'session':
      return new Fault('not-found', 'The session does not exist any more');
    case 'sessions':
      return tooManySessions();
    default:
      return new Fault('unavailable', `Cannot start a process in the instance: ${why}`);
  }
}

export function tooManySessions(): Fault {
  return new Fault('exhausted', `The instance has ${maxKeptSessions} sessions, more are not possible: end one first`);
}

function describe(errno: number): string {
  if (errno === 0) return 'the system has none left';
  return getSystemErrorMap().get(-errno)?.[1] ?? `error ${errno}`;
}

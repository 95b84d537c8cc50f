import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import koffi from 'koffi';

/**
 * The C library, loaded once. This folder is the only place with foreign functions: it keeps no state, enters no
 * namespace and changes nothing about the process or its threads.
 */
export const libc = koffi.load('libc.so.6');

/** A system call that failed. `code` is the errno name, as Node's own errors have it. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number, detail: string) {
    const [code, text] = getSystemErrorMap().get(-errno) ?? [errnoName(errno), `error ${errno}`];
    super(`${code}: ${text}, ${syscall}${detail === '' ? '' : ` ${detail}`}`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** For those that Node has no message for, such as ESTALE. */
function errnoName(errno: number): string {
  return Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `E${errno}`;
}

/**
 * Checks the result of a system call. Must be called in the same tick as the call: errno belongs to the thread and the
 * next call of anything may overwrite it. `detail` names what it was done to.
 */
export function checked(syscall: string, result: number, detail = ''): number {
  if (result < 0) throw new SystemError(syscall, koffi.errno(), detail);
  return result;
}

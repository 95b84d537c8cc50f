import { closeSync } from 'node:fs';
import { checked, libc } from './libc.ts';

/** asm-generic/unistd.h; the same on every architecture. */
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;

const pidfdOpenCall = libc.func('long syscall(long number, int pid, unsigned int flags)');
const pidfdSendSignalCall = libc.func(
  'long syscall(long number, int pidfd, int signal, void *info, unsigned int flags)',
);

/** pidfd_open(2): a descriptor that means this process for ever, also after its number is used again. Throws ESRCH. */
export function openPidfd(pid: number): number {
  return checked('pidfd_open', Number(pidfdOpenCall(SYS_pidfd_open, pid, 0)), String(pid));
}

/** pidfd_send_signal(2). `signal` 0 only checks. Throws ESRCH when the process has ended. */
export function sendSignal(pidfd: number, signal: number): void {
  checked('pidfd_send_signal', Number(pidfdSendSignalCall(SYS_pidfd_send_signal, pidfd, signal, null, 0)));
}

/**
 * Sends a signal to the process `pid` if `isMeant` says, after the process is pinned, that it is the one that is meant.
 * Returns whether it was sent: false for a process that is gone or that is another one by now.
 */
export function signalProcess(pid: number, signal: number, isMeant: (pid: number) => boolean): boolean {
  let pidfd: number;
  try {
    pidfd = openPidfd(pid);
  } catch (error) {
    if (isNoSuchProcess(error)) return false;
    throw error;
  }
  try {
    if (!isMeant(pid)) return false;
    sendSignal(pidfd, signal);
    return true;
  } catch (error) {
    if (isNoSuchProcess(error)) return false;
    throw error;
  } finally {
    closeSync(pidfd);
  }
}

function isNoSuchProcess(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EINVAL');
}

const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const prctlCall = libc.func(
  'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
);
const waitpidCall = libc.func('int waitpid(int pid, void *status, int options)');

/** prctl(2): processes that descend from this one and lose their parent become children of this one. */
export function becomeSubreaper(): void {
  checked('prctl', Number(prctlCall(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)));
}

/** waitpid(2): lets `pid` go if it is a child that has ended. `stranger`: it is no child (any more). */
export function reapChild(pid: number): 'reaped' | 'alive' | 'stranger' {
  const result = Number(waitpidCall(pid, null, WNOHANG));
  if (result === 0) return 'alive';
  return result === pid ? 'reaped' : 'stranger';
}

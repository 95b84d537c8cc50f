import { checked, libc, SystemError } from './libc.ts';

/** Larger than posix_spawn_file_actions_t (80 bytes with glibc) on every architecture. */
const actionsSize = 256;
const WNOHANG = 1;

const initCall = libc.func('int posix_spawn_file_actions_init(_Inout_ void *actions)');
const dupCall = libc.func('int posix_spawn_file_actions_adddup2(_Inout_ void *actions, int fd, int newfd)');
const destroyCall = libc.func('int posix_spawn_file_actions_destroy(_Inout_ void *actions)');
const spawnCall = libc.func(
  'int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)',
);
const waitpidCall = libc.func('int waitpid(int pid, _Out_ int *status, int options)');

export interface SpawnRequest {
  readonly path: string;
  /** With argv[0]. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Descriptors that become 0, 1, 2, … of the child. Others are inherited unless they are close-on-exec. One that is
   * itself below the length of the list must stand at its own place.
   */
  readonly fds: readonly number[];
}

/** How a process ended, wait(2). */
export type ProcessEnd = { readonly exitCode: number } | { readonly signal: number };

/**
 * posix_spawn(3): starts a program and returns its pid, which must be reaped with `reapProcess`. Throws a SystemError: E2BIG
 * when arguments and environment are too long, EAGAIN and ENOMEM, ENOENT. Node's own spawn has two faults for a program
 * that runs others for its users: its pipes are sockets, and a real-time signal as the cause of death looks like exit 0.
 */
export function spawnProcess({ path, argv, environment, fds }: SpawnRequest): number {
  for (const [target, fd] of fds.entries()) {
    if (fd < fds.length && fd !== target) throw new Error(`Descriptor ${fd} would be overwritten before it is used`);
  }
  const actions = Buffer.alloc(actionsSize);
  failOn(initCall(actions), path);
  try {
    for (const [target, fd] of fds.entries()) failOn(dupCall(actions, fd, target), path);
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const pid = [0];
    failOn(spawnCall(pid, path, actions, null, [...argv, null], [...variables, null]), path);
    return Number(pid[0]);
  } finally {
    destroyCall(actions);
  }
}

/** waitpid(2) without waiting: how the child ended, undefined while it runs. It must be a child of this process. */
export function reapProcess(pid: number): ProcessEnd | undefined {
  const status = [0];
  const result = Number(waitpidCall(pid, status, WNOHANG));
  if (checked('waitpid', result, String(pid)) === 0) return undefined;
  const word = Number(status[0]);
  const signal = word & 0x7f;
  return signal === 0 ? { exitCode: (word >> 8) & 0xff } : { signal };
}

/** The functions of posix_spawn(3) return the error number. */
function failOn(error: unknown, path: string): void {
  if (error !== 0) throw new SystemError('posix_spawn', Number(error), path);
}

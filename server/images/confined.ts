/**
 * Programs that build an image run in mount and process namespaces of their own, and die with the daemon: whatever they
 * mount is gone when they are, however they end. setpriv(1) asks the kernel to kill `unshare` when its parent dies
 * (PR_SET_PDEATHSIG), `--kill-child` hands that on to the first process of the new pid namespace, and with that one the
 * kernel kills all others (pid_namespaces(7)).
 */
const fence = [
  'setpriv',
  '--pdeathsig',
  'KILL',
  'unshare',
  '--mount',
  '--propagation',
  'private',
  '--pid',
  '--fork',
  '--kill-child',
];

/** The argument vector of a program of the host within the fence. */
export function confined(argv: readonly string[]): string[] {
  return [...fence, '--mount-proc', ...argv];
}

/** The argument vector that runs a script within the fence and with `root` as its root directory. */
export function confinedScript(root: string, script: string): string[] {
  // The script is an argument of its own; the mask of the daemon must not decide the modes of an image's files.
  return [...fence, `--root=${root}`, '--mount-proc', '/bin/sh', '-eu', '-c', 'umask 022; eval "$1"', 'recipe', script];
}

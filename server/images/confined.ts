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

/**
 * What comes before each script: the mask of the daemon must not decide the modes of an image's files, and little works
 * without a few devices (the archive of an image has none).
 */
const prelude = `
umask 022
[ -e /dev/null ] || {
  mknod -m 666 /dev/null c 1 3
  mknod -m 666 /dev/zero c 1 5
  mknod -m 666 /dev/full c 1 7
  mknod -m 666 /dev/random c 1 8
  mknod -m 666 /dev/urandom c 1 9
  mknod -m 666 /dev/tty c 5 0
}
eval "$1"
`;

/**
 * The argument vector that runs a script, an argument of its own, within the fence and with `root` as its root
 * directory.
 */
export function confinedScript(root: string, script: string): string[] {
  return [...fence, `--root=${root}`, '--mount-proc', '/bin/sh', '-eu', '-c', prelude, 'recipe', script];
}

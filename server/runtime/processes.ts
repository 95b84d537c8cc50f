import { readFileSync } from 'node:fs';

/**
 * Whether `pid` is a living process in the v2 cgroup `path` or below. That tells a container's init from a process that
 * got its number later, without any record of when it began: nobody but the server can move a process in there.
 */
export function livesInCgroup(pid: number, path: string): boolean {
  const cgroup = /^0::(.*)$/m.exec(procFile(pid, 'cgroup'))?.[1];
  return cgroup !== undefined && (cgroup === path || cgroup.startsWith(`${path}/`)) && isAlive(pid);
}

/** Whether `pid` is the living conmon of container `id`. A dead or a kernel process has no command line. */
export function isConmonOf(pid: number, id: string): boolean {
  const words = procFile(pid, 'cmdline').split('\0');
  return (words[0] ?? '').endsWith('conmon') && words.includes(id) && isAlive(pid);
}

/** proc_pid_stat(5): neither a zombie nor being torn down. The name in parentheses may hold anything. */
function isAlive(pid: number): boolean {
  const stat = procFile(pid, 'stat');
  const state = stat.charAt(stat.lastIndexOf(')') + 2);
  return state !== '' && state !== 'Z' && state !== 'X';
}

/** Files of /proc come from memory: reading one synchronously takes microseconds. */
function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return ''; // the process is gone: ENOENT before the open, ESRCH after
  }
}

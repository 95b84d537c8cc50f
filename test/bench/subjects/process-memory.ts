import { readFileSync } from 'node:fs';

/** Proportional set size of a process in bytes: what it shares counts in parts. proc_pid_smaps_rollup(5) */
export function processMemory(pid: number): number {
  const match = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  if (match === null) throw new Error(`Process ${pid} has no memory`);
  return Number(match[1]) * 1024;
}

/** proc_pid_stat(5): the name may hold spaces and parentheses, so fields are counted after its end. */
export function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the processes of one cgroup use. A figure that the host does not account is 0. */
export interface CgroupUsage {
  readonly memoryBytes: number;
  readonly memoryPeakBytes: number;
  /** 0: no limit. */
  readonly memoryLimitBytes: number;
  readonly cpuNanoseconds: number;
  readonly processes: number;
}

/** Limits above this are the kernel's way to say "none" on v1 (PAGE_COUNTER_MAX). */
const noLimitBytes = 2 ** 60;

/**
 * Reads the accounting files of a cgroup, given its directory in each hierarchy (`unified`, or v1 controllers by name):
 * Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst, cgroup-v1/cpuacct.rst.
 */
export async function readCgroupUsage(paths: Readonly<Record<string, string>>): Promise<CgroupUsage> {
  const { memory, cpuacct, pids, unified } = paths;
  const [memoryBytes, memoryPeakBytes, memoryLimitBytes, cpuNanoseconds, processes] = await Promise.all([
    memory === undefined ? number(unified, 'memory.current') : number(memory, 'memory.usage_in_bytes'),
    memory === undefined ? number(unified, 'memory.peak') : number(memory, 'memory.max_usage_in_bytes'),
    memory === undefined ? number(unified, 'memory.max') : number(memory, 'memory.limit_in_bytes'),
    cpuacct === undefined ? cpuOfUnified(unified) : number(cpuacct, 'cpuacct.usage'),
    number(pids ?? unified, 'pids.current'),
  ]);
  return {
    memoryBytes,
    memoryPeakBytes,
    memoryLimitBytes: memoryLimitBytes >= noLimitBytes ? 0 : memoryLimitBytes,
    cpuNanoseconds,
    processes,
  };
}

async function cpuOfUnified(directory: string | undefined): Promise<number> {
  const match = /^usage_usec (\d+)$/m.exec(await text(directory, 'cpu.stat'));
  return Number(match?.[1] ?? 0) * 1000;
}

async function number(directory: string | undefined, file: string): Promise<number> {
  const value = Number((await text(directory, file)).trim());
  return Number.isNaN(value) ? 0 : value; // `max` in files of v2
}

async function text(directory: string | undefined, file: string): Promise<string> {
  if (directory === undefined) return '';
  return await readFile(join(directory, file), 'utf8').catch(() => '');
}

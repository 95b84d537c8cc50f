import { parseByteSize } from '../../base/byte-size.ts';
import { parseBoolean } from '../../base/config-key.ts';
import { type HugepageSize, hugepageSizes, type ResourceLimits } from '../../host/cgroup-limit-values.ts';

type Config = Readonly<Record<string, string>>;

/** Below this no init gets as far as a prompt; the runtime itself needs some of it while it enters. */
export const leastMemoryBytes = 4 * 1024 * 1024;
/** sched/core.c: quotas and periods outside of these are refused by the kernel. */
const leastQuotaUs = 1_000;
const mostPeriodUs = 1_000_000;
const maxPercent = 1_000;
/** Numbers of processors that a kernel can be built for (CONFIG_NR_CPUS). */
const maxProcessors = 8_192;
const maxListLength = 4_096;

/** What `limits.cpu` asks for: so many processors that the server picks, or these. */
export type ProcessorClaim =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'set'; readonly processors: readonly number[] };

/** The bounds that the keys `limits.*` of a checked configuration set. `hostMemoryBytes` is what a percentage is of. */
export function resourceLimitsOf(config: Config, hostMemoryBytes: number): ResourceLimits {
  const bytes = parseMemory(config['limits.memory'] ?? '', hostMemoryBytes);
  const enforce = config['limits.memory.enforce'] === 'soft' ? 'soft' : 'hard';
  const swapBytes = swapOf(config['limits.memory.swap'] ?? 'true', enforce === 'hard' ? bytes : undefined);
  const processes = config['limits.processes'];
  const [cpuPriority, diskPriority] = [config['limits.cpu.priority'], config['limits.disk.priority']];
  const allowance = parseCpuAllowance(config['limits.cpu.allowance'] ?? '');
  const hugepages = hugepagesOf(config);
  return {
    ...(Object.keys(hugepages).length === 0 ? {} : { hugepages }),
    ...(bytes === undefined ? {} : { memory: { bytes, enforce } }),
    ...(swapBytes === undefined ? {} : { swapBytes }),
    ...(processes === undefined ? {} : { processes: Number(processes) }),
    ...allowance,
    ...(cpuPriority === undefined ? {} : { cpuPriority: Number(cpuPriority) }),
    ...(diskPriority === undefined ? {} : { diskPriority: Number(diskPriority) }),
  };
}

function hugepagesOf(config: Config): Partial<Record<HugepageSize, number>> {
  const limits = hugepageSizes.flatMap((size) => {
    const bytes = parseByteSize(config[`limits.hugepages.${size}`] ?? '');
    return bytes === undefined ? [] : [[size, bytes] as const];
  });
  return Object.fromEntries(limits);
}

/** `512MiB`, or `25%` of the memory of the host. Undefined when it is neither. */
export function parseMemory(value: string, hostMemoryBytes: number): number | undefined {
  const percent = /^(\d{1,3})%$/.exec(value)?.[1];
  if (percent === undefined) return parseByteSize(value);
  // Whole pages, whatever their size: the kernel rounds down itself, and would report another figure than was set.
  return Number(percent) < 1 || Number(percent) > 100
    ? undefined
    : Math.floor((hostMemoryBytes * Number(percent)) / 100 / 65_536) * 65_536;
}

/** `50%`: a share when others want the processors too. `25ms/100ms`: at most so much of every period. */
export function parseCpuAllowance(value: string): Pick<ResourceLimits, 'cpuQuota' | 'cpuPercent'> | undefined {
  const percent = /^(\d{1,4})%$/.exec(value)?.[1];
  if (percent !== undefined) {
    const cpuPercent = Number(percent);
    return cpuPercent >= 1 && cpuPercent <= maxPercent ? { cpuPercent } : undefined;
  }
  const [, quota, period] = /^(\d{1,6})ms\/(\d{1,4})ms$/.exec(value) ?? [];
  if (quota === undefined || period === undefined) return undefined;
  const [quotaUs, periodUs] = [Number(quota) * 1_000, Number(period) * 1_000];
  const possible = quotaUs >= leastQuotaUs && periodUs >= leastQuotaUs && periodUs <= mostPeriodUs;
  return possible ? { cpuQuota: { quotaUs, periodUs } } : undefined;
}

/** `2`: any two. `0-3,5` or `1-1`: these. Undefined when it is neither. */
export function parseProcessors(value: string): ProcessorClaim | undefined {
  if (/^[1-9]\d{0,3}$/.test(value)) {
    return Number(value) <= maxProcessors ? { kind: 'count', count: Number(value) } : undefined;
  }
  if (!/[-,]/.test(value) || value.length > maxListLength) return undefined;
  const processors = parseProcessorList(value);
  return processors === undefined || processors.length === 0 ? undefined : { kind: 'set', processors };
}

/** The numbers of a list as the kernel and people write it (cpuset(7), "List format"), sorted; undefined for any other text. */
export function parseProcessorList(text: string): number[] | undefined {
  if (text === '') return [];
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first) || Number(last) >= maxProcessors) return undefined;
    for (let processor = Number(first); processor <= Number(last); processor += 1) found.add(processor);
  }
  return [...found].sort((one, other) => one - other);
}

/** Undefined: as much as there is. Unless told otherwise, as much swap as memory. */
function swapOf(value: string, memoryBytes: number | undefined): number | undefined {
  const wanted = parseBoolean(value);
  if (wanted === undefined) return parseByteSize(value);
  return wanted ? memoryBytes : 0;
}

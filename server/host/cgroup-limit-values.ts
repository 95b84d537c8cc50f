/** What bounds the processes of one cgroup, whichever version of cgroups the host has. Absent: not limited. */
export interface ResourceLimits {
  /** `hard`: the kernel kills what would exceed it. `soft`: it takes memory back first from who is above. */
  readonly memory?: { readonly bytes: number; readonly enforce: 'hard' | 'soft' };
  /** Bytes of swap beside the memory; 0: none. */
  readonly swapBytes?: number;
  readonly processes?: number;
  /** Microseconds of processor time in every period. */
  readonly cpuQuota?: { readonly quotaUs: number; readonly periodUs: number };
  /** Weight against others when all want the processors, in percent of the usual one. */
  readonly cpuPercent?: number;
  /** 0 to 10, the usual one: who goes first among those of the same weight. */
  readonly cpuPriority?: number;
  /** 0 to 10, 5 is the usual one. */
  readonly diskPriority?: number;
  /** Bytes of huge pages by the size of a page, as the kernel writes it: `2MB`. */
  readonly hugepages?: Readonly<Partial<Record<HugepageSize, number>>>;
}

/** hugetlb.rst: sizes of which some architecture has pages. */
export const hugepageSizes = ['64KB', '1MB', '2MB', '1GB'] as const;
export type HugepageSize = (typeof hugepageSizes)[number];

/** One value for one file of a controller. */
export interface LimitWrite {
  /** By the name that v2 has for it. */
  readonly controller: string;
  /** File and value; the first file that the kernel has is written. */
  readonly files: readonly (readonly [file: string, value: string])[];
  /** What it limits, for the message when the kernel has none of the files. Undefined: goes without. */
  readonly purpose?: string;
}

type Writer = (limits: ResourceLimits) => LimitWrite[];

/**
 * The writes that bring a cgroup from one set of limits to another, in their order: all of a controller when anything
 * about it differs. `legacy` names the controllers that v1 has; all others are v2's. Pure.
 */
export function cgroupWrites(legacy: ReadonlySet<string>, before: ResourceLimits, after: ResourceLimits): LimitWrite[] {
  return controllers.flatMap(({ v1, unified, controlledBy }) => {
    const writer = legacy.has(controlledBy) ? v1 : unified;
    const wanted = writer(after);
    return JSON.stringify(wanted) === JSON.stringify(writer(before)) ? [] : wanted;
  });
}

const memory = 'memory';
const defaultPeriodUs = 100_000;
/** sched/fair.c: a group of the usual weight has this many v1 shares. */
const usualShares = 1024;
const usualWeight = 100;
const usualSwappiness = 60;

/** Documentation/admin-guide/cgroup-v1/memory.rst, cgroup-v2.rst. */
const controllers: readonly { controlledBy: string; v1: Writer; unified: Writer }[] = [
  { controlledBy: 'memory', v1: memoryOfV1, unified: memoryOfV2 },
  { controlledBy: 'pids', v1: processes, unified: processes },
  { controlledBy: 'cpu', v1: cpuOfV1, unified: cpuOfV2 },
  { controlledBy: 'blkio', v1: diskOfV1, unified: diskOfV2 },
  ...hugepageSizes.map((size) => ({
    controlledBy: 'hugetlb',
    v1: (limits: ResourceLimits) => hugepages(limits, size, 'limit_in_bytes', '-1'),
    unified: (limits: ResourceLimits) => hugepages(limits, size, 'max', 'max'),
  })),
];

function memoryOfV1({ memory: limit, swapBytes }: ResourceLimits): LimitWrite[] {
  const hard = limit?.enforce === 'hard' ? limit.bytes : -1;
  const soft = limit === undefined ? -1 : Math.floor(limit.enforce === 'hard' ? limit.bytes * 0.9 : limit.bytes);
  // Memory and swap together here. Without a bound on memory there is no bound on swap, only the wish for none.
  const both = hard === -1 || swapBytes === undefined ? -1 : hard + swapBytes;
  const swapWanted = swapBytes !== undefined && swapBytes > 0;
  return [
    // It may never be below the limit of memory alone: out of the way first.
    { controller: memory, files: [['memory.memsw.limit_in_bytes', '-1']] },
    { controller: memory, files: [['memory.limit_in_bytes', String(hard)]], purpose: memory },
    { controller: memory, files: [['memory.soft_limit_in_bytes', String(soft)]] },
    {
      controller: memory,
      files: [['memory.memsw.limit_in_bytes', String(both)]],
      ...(swapWanted && both !== -1 ? { purpose: 'swap' } : {}),
    },
    { controller: memory, files: [['memory.swappiness', String(swapBytes === 0 ? 0 : usualSwappiness)]] },
  ];
}

function memoryOfV2({ memory: limit, swapBytes }: ResourceLimits): LimitWrite[] {
  const max = limit?.enforce === 'hard' ? String(limit.bytes) : 'max';
  const high = limit?.enforce === 'soft' ? String(limit.bytes) : 'max';
  return [
    { controller: memory, files: [['memory.max', max]], purpose: memory },
    { controller: memory, files: [['memory.high', high]] },
    // Missing where the kernel was built without swap: then there is none to limit.
    { controller: memory, files: [['memory.swap.max', swapBytes === undefined ? 'max' : String(swapBytes)]] },
  ];
}

function processes(limits: ResourceLimits): LimitWrite[] {
  return [{ controller: 'pids', files: [['pids.max', String(limits.processes ?? 'max')]], purpose: 'processes' }];
}

function cpuOfV1({ cpuQuota, cpuPercent = 100, cpuPriority = 10 }: ResourceLimits): LimitWrite[] {
  const shares = Math.round((usualShares * cpuPercent) / 100) - (10 - cpuPriority);
  const purpose = 'processor time';
  return [
    // A period is refused that the present quota does not fit into.
    { controller: 'cpu', files: [['cpu.cfs_quota_us', '-1']] },
    { controller: 'cpu', files: [['cpu.cfs_period_us', String(cpuQuota?.periodUs ?? defaultPeriodUs)]] },
    {
      controller: 'cpu',
      files: [['cpu.cfs_quota_us', String(cpuQuota?.quotaUs ?? -1)]],
      ...(cpuQuota === undefined ? {} : { purpose }),
    },
    { controller: 'cpu', files: [['cpu.shares', String(Math.max(2, shares))]], purpose },
  ];
}

function cpuOfV2({ cpuQuota, cpuPercent = 100, cpuPriority = 10 }: ResourceLimits): LimitWrite[] {
  const weight = Math.round((usualWeight * cpuPercent) / 100) - (10 - cpuPriority);
  const max = `${cpuQuota?.quotaUs ?? 'max'} ${cpuQuota?.periodUs ?? defaultPeriodUs}`;
  const purpose = 'processor time';
  return [
    { controller: 'cpu', files: [['cpu.max', max]], ...(cpuQuota === undefined ? {} : { purpose }) },
    { controller: 'cpu', files: [['cpu.weight', String(Math.max(1, weight))]], purpose },
  ];
}

/** Of v1's own scheduler 500 is the usual weight; of BFQ, and of v2, 100. */
function diskOfV1({ diskPriority = 5 }: ResourceLimits): LimitWrite[] {
  const old = String(Math.max(10, diskPriority * 100));
  return [
    {
      controller: 'io',
      files: [
        ['blkio.weight', old],
        ['blkio.bfq.weight', diskWeight(diskPriority)],
      ],
      purpose: 'disk time',
    },
  ];
}

function diskOfV2({ diskPriority = 5 }: ResourceLimits): LimitWrite[] {
  const weight = diskWeight(diskPriority);
  return [
    {
      controller: 'io',
      files: [
        ['io.weight', weight],
        ['io.bfq.weight', weight],
      ],
      purpose: 'disk time',
    },
  ];
}

function diskWeight(priority: number): string {
  return String(Math.max(10, priority * 20));
}

function hugepages(limits: ResourceLimits, size: HugepageSize, file: string, none: string): LimitWrite[] {
  const value = String(limits.hugepages?.[size] ?? none);
  return [{ controller: 'hugetlb', files: [[`hugetlb.${size}.${file}`, value]], purpose: `huge pages of ${size}` }];
}

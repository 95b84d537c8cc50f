import { parseByteSize } from '../../base/byte-size.ts';
import { type ConfigKey, integerBetween, parseBoolean } from '../../base/config-key.ts';
import { hugepageSizes } from '../../host/cgroup-limit-values.ts';
import { leastMemoryBytes, parseCpuAllowance, parseMemory, parseProcessors } from '../limits/limit-values.ts';

/** What an instance may use of the host. */
export const limitKeys: readonly ConfigKey[] = [
  {
    key: 'limits.cpu',
    type: 'number or set of processors',
    default: '',
    live: true,
    doc: 'How many processors, picked by the server so that all are used alike; or which ones, such as 0-3,5. Unset: all.',
    check: (value) =>
      parseProcessors(value) === undefined
        ? 'a number of processors, or a set of them such as 0-3,5 or 1-1'
        : undefined,
  },
  {
    key: 'limits.cpu.allowance',
    type: 'percentage or time',
    default: '100%',
    live: true,
    doc: 'Processor time: 50% is half the usual share when others want the processors too; 25ms/100ms is at most 25 ms in every 100 ms, always.',
    check: (value) =>
      parseCpuAllowance(value) === undefined
        ? 'a share of 1% to 1000%, or a time per period such as 25ms/100ms, the period at most 1000ms'
        : undefined,
  },
  {
    key: 'limits.cpu.priority',
    type: 'integer',
    default: '10',
    live: true,
    doc: 'Who goes first among instances with the same allowance, 0 to 10 (first).',
    check: integerBetween(0, 10),
  },
  {
    key: 'limits.disk.priority',
    type: 'integer',
    default: '5',
    live: true,
    doc: 'Share of the time of disks that several instances want, 0 to 10. Needs a disk scheduler that weighs (BFQ, or iocost).',
    check: integerBetween(0, 10),
  },
  ...hugepageSizes.map(
    (size): ConfigKey => ({
      key: `limits.hugepages.${size}`,
      type: 'bytes',
      default: '',
      live: true,
      doc: `The most memory in huge pages of ${size} that the instance may use.`,
      check: (value) => (parseByteSize(value) === undefined ? 'a size such as 512MiB' : undefined),
    }),
  ),
  {
    key: 'limits.memory',
    type: 'bytes or percentage',
    default: '',
    live: true,
    doc: 'The most memory that the instance may use: 512MiB, or 25% of the memory of the host.',
    check: checkMemory,
  },
  {
    key: 'limits.memory.enforce',
    type: 'hard or soft',
    default: 'hard',
    live: true,
    doc: 'hard: who exceeds limits.memory is killed, inside. soft: more is allowed while the host has it.',
    check: (value) => (['hard', 'soft'].includes(value) ? undefined : 'hard or soft'),
  },
  {
    key: 'limits.memory.oom_priority',
    type: 'integer',
    default: '',
    live: false,
    doc: 'Who is killed first when memory runs out: -1000 (last) to 1000; for init and what it starts. Unset: as yurtd, but not below 0.',
    check: integerBetween(-1000, 1000),
  },
  {
    key: 'limits.memory.swap',
    type: 'boolean or bytes',
    default: 'true',
    live: true,
    doc: 'Swap beside limits.memory: as much again (true), none (false), or a size.',
    check: (value) =>
      parseBoolean(value) === undefined && parseByteSize(value) === undefined
        ? 'true, false or a size such as 512MiB'
        : undefined,
  },
  {
    key: 'limits.processes',
    type: 'integer',
    default: '',
    live: true,
    doc: 'The most processes and threads that the instance may have.',
    check: integerBetween(1, 4_194_304),
  },
];

/** Any host has more than the least amount, so a percentage needs none to be checked. */
function checkMemory(value: string): string | undefined {
  const bytes = parseMemory(value, Number.MAX_SAFE_INTEGER);
  const good = bytes !== undefined && bytes >= leastMemoryBytes;
  return good ? undefined : 'a size of at least 4MiB, such as 512MiB, or 1% to 100% of the memory of the host';
}

import type { Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import { parseFilters } from '../../instances/filters.ts';
import { instanceRecord, statusWord } from '../../instances/record.ts';
import { dateOf, durationOf } from '../../output/units.ts';
import { sparkline } from '../frame/sparkline.ts';
import type { Role } from '../frame/theme.ts';
import { type InstanceRow, isRunning } from '../state/instance-rows.ts';
import type { Clock, Grouping, Perspective } from '../state/state.ts';
import { fuzzyMatch } from './fuzzy.ts';
import { shortSize } from './short-size.ts';
import { defineTable, type RowFilter, type TableColumn } from './table.ts';

const columns: readonly TableColumn<InstanceRow>[] = [
  { id: 'name', title: 'NAME', width: 14, most: 40, rank: 0, text: ({ instance }) => instance.name },
  { id: 'state', title: 'STATE', width: 8, rank: 1, text: ({ instance }) => stateOf(instance), role: roleOf },
  { id: 'ipv4', title: 'IPV4', width: 15, rank: 2, text: ({ instance }) => addressOf(instance, 'inet') },
  {
    ...{ id: 'cpu', title: 'CPU%', width: 6, align: 'right', rank: 3 },
    text: (row) => cpuOf(row)?.toFixed(1) ?? '',
    value: (row) => cpuOf(row) ?? -1,
    role: (row) => ((cpuOf(row) ?? 0) > 90 ? 'warn' : undefined),
  },
  {
    id: 'load',
    title: 'CPU',
    width: 10,
    rank: 9,
    text: ({ samples }) => sparkline(samples.cpu, 10, 100),
    value: lastCpu,
    role: accent,
  },
  {
    ...{ id: 'memory', title: 'MEMORY', width: 15, align: 'right', rank: 4, text: memoryOf },
    value: ({ instance }) => Number(instance.state?.memoryUsageBytes ?? -1),
    role: ({ instance }) => (memoryShare(instance) > 0.9 ? 'warn' : undefined),
  },
  {
    ...{ id: 'uptime', title: 'UPTIME', width: 8, align: 'right', rank: 5, text: uptimeOf },
    value: ({ instance }) => -(dateOf(instance.state?.startedAt)?.getTime() ?? Number.POSITIVE_INFINITY),
  },
  { id: 'image', title: 'IMAGE', width: 16, most: 32, rank: 6, text: imageOf },
  {
    ...{ id: 'snapshots', title: 'SNAPS', width: 6, align: 'right', rank: 6.5 },
    text: ({ instance }) => (instance.snapshotCount === 0 ? '' : String(instance.snapshotCount)),
    value: ({ instance }) => instance.snapshotCount,
  },
  { id: 'ipv6', title: 'IPV6', width: 26, rank: 8, text: ({ instance }) => addressOf(instance, 'inet6') },
  {
    id: 'processes',
    title: 'PROCS',
    width: 6,
    align: 'right',
    rank: 10,
    text: processesOf,
    value: (row) => Number(processesOf(row) || -1),
  },
  {
    id: 'profiles',
    title: 'PROFILES',
    width: 16,
    most: 30,
    rank: 7,
    text: ({ instance }) => instance.profiles.join(','),
  },
  { id: 'project', title: 'PROJECT', width: 10, rank: 1.5, ofProjects: true, text: ({ instance }) => instance.project },
  { id: 'remote', title: 'REMOTE', width: 10, rank: 1.4, ofRemotes: true, text: remoteOf },
  { id: 'arch', title: 'ARCH', width: 8, rank: 12, text: ({ instance }) => instance.architecture },
  {
    id: 'description',
    title: 'DESCRIPTION',
    width: 14,
    most: 60,
    rank: 13,
    text: ({ instance }) => instance.description,
  },
];

export const instancesTable = defineTable<InstanceRow>({
  title: 'Instances',
  empty: 'No instances yet',
  begin: { command: 'new', does: 'launches the first' },
  columns,
  rows: ({ instances }) => instances,
  filter: instanceFilter,
  group: groupOf,
  record: ({ instance }) => instanceRecord(instance),
});

function remoteOf({ remote }: InstanceRow, view: Perspective): string {
  return remote || view.remote;
}

function groupOf(row: InstanceRow, grouping: Grouping, view: Perspective): string {
  return grouping === 'remote' ? remoteOf(row, view) : row.instance.project;
}

/** `Booting` while the system inside is not up. */
export function stateOf({ status, state }: Instance__Output): string {
  if (status === 'INSTANCE_STATUS_RUNNING' && state !== null && !state.ready) return 'Booting';
  return statusWord(status);
}

export function roleOf({ instance: { status, state } }: InstanceRow): Role {
  if (status === 'INSTANCE_STATUS_RUNNING') return state !== null && !state.ready ? 'busy' : 'good';
  if (status === 'INSTANCE_STATUS_ERROR') return 'bad';
  if (status === 'INSTANCE_STATUS_STOPPED') return 'dim';
  return status === 'INSTANCE_STATUS_FROZEN' ? 'accent' : 'busy';
}

/** The first address that others can reach. */
export function addressOf({ state }: Instance__Output, family: 'inet' | 'inet6'): string {
  for (const { addresses } of state?.network ?? []) {
    const found = addresses.find((one) => one.family === family && one.scope === 'global');
    if (found !== undefined) return found.address;
  }
  return '';
}

/** Percent of one processor; undefined until two samples tell. */
export function cpuOf({ samples, instance }: InstanceRow): number | undefined {
  return samples.cpu.length < 2 || instance.state === null ? undefined : samples.cpu.at(-1);
}

function lastCpu(row: InstanceRow): number {
  return cpuOf(row) ?? -1;
}

function accent(): Role {
  return 'accent';
}

function memoryShare({ state }: Instance__Output): number {
  if (state === null || Number(state.memoryLimitBytes) === 0) return 0;
  return Number(state.memoryUsageBytes) / Number(state.memoryLimitBytes);
}

function memoryOf({ instance: { state } }: InstanceRow): string {
  if (state === null || Number(state.memoryUsageBytes) === 0) return '';
  const limit = Number(state.memoryLimitBytes);
  return shortSize(Number(state.memoryUsageBytes)) + (limit === 0 ? '' : ` / ${shortSize(limit)}`);
}

function uptimeOf({ instance: { state } }: InstanceRow, { now }: Clock): string {
  const started = dateOf(state?.startedAt);
  return started === undefined ? '' : durationOf(Math.max(0, (now - started.getTime()) / 1000));
}

function imageOf({ instance }: InstanceRow): string {
  return instance.imageDescription || instance.imageFingerprint.slice(0, 12);
}

function processesOf({ instance: { state } }: InstanceRow): string {
  return state === null || state.processCount === 0 ? '' : String(state.processCount);
}

/**
 * What `yurt list` filters by, `remote=…`, and besides: letters of the name in their order, parts of address, image or profiles, and
 * `!` before a word for what must not hold.
 */
function instanceFilter(text: string, view: Perspective): RowFilter<InstanceRow> {
  let error: string | undefined;
  const words = text.split(/\s+/).filter((word) => word !== '' && word !== '!');
  const filters = words.map((word) => {
    const negative = word.startsWith('!');
    try {
      const matches = wordFilter(negative ? word.slice(1) : word, view);
      return (row: InstanceRow) => matches(row) !== negative;
    } catch (problem) {
      error = problem instanceof Error ? problem.message : String(problem);
      return () => true;
    }
  });
  return { error, matches: (row) => filters.every((matches) => matches(row)) };
}

function wordFilter(word: string, view: Perspective): RowFilter<InstanceRow>['matches'] {
  if (word.startsWith('remote=')) return (row) => remoteOf(row, view) === word.slice('remote='.length);
  const { matches: asList } = parseFilters([word]);
  if (word.includes('=')) return ({ instance }) => asList(instance);
  return (row) => {
    const { instance } = row;
    if (fuzzyMatch(word, instance.name) || asList(instance)) return true;
    const small = word.toLowerCase();
    const parts = [addressOf(instance, 'inet'), addressOf(instance, 'inet6'), imageOf(row), ...instance.profiles];
    return parts.some((part) => part.toLowerCase().includes(small));
  };
}

/** Whether an instance is one that runs: its actions differ. */
export function runs(row: InstanceRow | undefined): boolean {
  return row !== undefined && isRunning(row.instance);
}

import type { StatePart } from '../../proto/gen/yurt/v1/StatePart.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { type Column, type Need, parseColumns } from '../instances/columns.ts';
import { type Filters, parseFilters } from '../instances/filters.ts';
import { instanceRecord } from '../instances/record.ts';
import { parseFormat, renderList } from '../output/format.ts';
import { naturalOrder, rowOrder } from '../output/natural-order.ts';
import type { Context, Input } from './command.ts';

const defaultColumns = 'ns46tS';
const fastColumns = 'nsacPt';

export async function run(context: Context, input: Input): Promise<void> {
  const fast = input.flag('fast');
  const given = input.value('columns');
  if (fast && given !== undefined) throw new UsageError("Can't specify --fast with --columns");
  const allProjects = input.flag('all-projects');
  const text = fast ? fastColumns : (given ?? (allProjects ? `e${defaultColumns}` : defaultColumns));
  const columns = parseColumns(text);
  const format = parseFormat(input.value('format') ?? 'table');
  const filters = parseFilters(input.arguments);
  const whole = format.name === 'json' || format.name === 'yaml';
  const request = {
    project: context.global.project,
    allProjects,
    ...partsFor(needsOf(columns, filters, whole ? (fast ? ['config'] : wholeRecord) : [])),
    configKeys: [...filters.configKeys, ...columns.flatMap(({ configKey = [] }) => configKey)],
  };
  const connection = await context.connect();
  const { instances } = await connection.call('InstanceService', 'ListInstances', request);
  const shown = instances.filter(filters.matches);
  await context.terminal.output.write(
    await renderList(
      format,
      () => ({
        header: columns.map(({ title }) => title),
        rows: shown.map((instance) => columns.map(({ cell }) => cell(instance))).sort(rowOrder),
      }),
      () =>
        shown.sort((a, b) => naturalOrder(a.project, b.project) || naturalOrder(a.name, b.name)).map(instanceRecord),
    ),
  );
}

const partOf: Readonly<Partial<Record<Need, StatePart>>> = {
  run: 'STATE_PART_RUN',
  network: 'STATE_PART_NETWORK',
  resources: 'STATE_PART_RESOURCES',
  disk: 'STATE_PART_DISK',
};

/** What a record for machines has; the disk usage is measured by a walk, so only when its column is asked for. */
const wholeRecord: readonly Need[] = ['config', 'run', 'network', 'resources'];

function needsOf(
  columns: readonly Column[],
  { needsNetwork, configKeys }: Filters,
  also: readonly Need[],
): ReadonlySet<Need> {
  return new Set([
    ...columns.flatMap(({ needs = [] }) => needs),
    ...(needsNetwork ? (['network'] as const) : []),
    ...(configKeys.length > 0 ? (['config'] as const) : []),
    ...also,
  ]);
}

/** What the server has to read and to send: no more than is shown or filtered by. */
function partsFor(needs: ReadonlySet<Need>): {
  withoutState: boolean;
  withoutConfig: boolean;
  stateParts: StatePart[];
} {
  const stateParts = [...needs].flatMap((need) => partOf[need] ?? []);
  return { withoutState: stateParts.length === 0, withoutConfig: !needs.has('config'), stateParts };
}

import { UsageError } from '../arguments/usage-error.ts';
import { parseColumns } from '../instances/columns.ts';
import { parseFilters } from '../instances/filters.ts';
import { instanceRecord } from '../instances/record.ts';
import { parseFormat, renderList } from '../output/format.ts';
import { naturalOrder, rowOrder } from '../output/natural-order.ts';
import type { Context, Input } from './command.ts';

const defaultColumns = 'ns46tS';
const fastColumns = 'nsacPt';

/** Columns and filters that need nothing but records: the server then leaves running instances alone. */
const recordColumns = /^[nstSabcdefFlP]*$/;

export async function run(context: Context, input: Input): Promise<void> {
  const fast = input.flag('fast');
  const given = input.value('columns');
  if (fast && given !== undefined) throw new UsageError("Can't specify --fast with --columns");
  const text = fast ? fastColumns : (given ?? defaultColumns);
  const columns = parseColumns(text);
  const format = parseFormat(input.value('format') ?? 'table');
  const matches = parseFilters(input.arguments);
  const forPeople = format.name !== 'json' && format.name !== 'yaml';
  const withoutState =
    (forPeople || fast) && recordColumns.test(text) && !input.arguments.some((word) => /^ipv[46]=/.test(word));
  const connection = await context.connect();
  const { project } = context.global;
  const { instances } = await connection.call('InstanceService', 'ListInstances', { project, withoutState });
  const shown = instances.filter(matches);
  await context.terminal.output.write(
    await renderList(
      format,
      () => ({
        header: columns.map(({ title }) => title),
        rows: shown.map((instance) => columns.map(({ cell }) => cell(instance))).sort(rowOrder),
      }),
      () => shown.sort((a, b) => naturalOrder(a.name, b.name)).map(instanceRecord),
    ),
  );
}

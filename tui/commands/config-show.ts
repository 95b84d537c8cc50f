import { UsageError } from '../arguments/usage-error.ts';
import { configSubject } from '../config/config-subject.ts';
import { inOrder } from '../config/subject.ts';
import { toYaml } from '../output/format.ts';
import { readSnapshot } from '../snapshots/read.ts';
import { snapshotRecord } from '../snapshots/record.ts';
import { parseReference, type SnapshotReference } from '../snapshots/reference.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const snapshot = parseReference(input.arguments[0] ?? '');
  if (snapshot !== undefined) return await showSnapshot(context, snapshot, input.flag('expanded'));
  const reading = await (await configSubject(context, input.arguments[0])).read();
  await context.terminal.output.write(await toYaml(reading.record(input.flag('expanded'))));
}

/** What it has kept of its instance; profiles it knows by name only. */
async function showSnapshot(context: Context, reference: SnapshotReference, expanded: boolean): Promise<void> {
  if (expanded)
    throw new UsageError('A snapshot keeps the names of profiles, not what they said: leave --expanded out');
  const record = snapshotRecord(await readSnapshot(context, reference));
  await context.terminal.output.write(await toYaml(inOrder(record)));
}

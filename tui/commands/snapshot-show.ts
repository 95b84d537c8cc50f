import { toYaml } from '../output/format.ts';
import { readSnapshot } from '../snapshots/read.ts';
import { snapshotRecord } from '../snapshots/record.ts';
import { noMore, takeReference } from '../snapshots/reference.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { instance, name, rest } = takeReference(input.arguments);
  noMore(rest);
  const snapshot = await readSnapshot(context, { instance, name });
  const usage = { disk: { root: { usage: snapshot.diskUsageBytes } } };
  await context.terminal.output.write(await toYaml({ ...snapshotRecord(snapshot), ...usage }));
}

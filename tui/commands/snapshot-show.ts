import { Failure } from '../client/failure.ts';
import { toYaml } from '../output/format.ts';
import { snapshotRecord } from '../snapshots/record.ts';
import { noMore, takeReference } from '../snapshots/reference.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { instance, name, rest } = takeReference(input.arguments);
  noMore(rest);
  const { project } = context.global;
  const connection = await context.connect();
  const { snapshot } = await connection.call('SnapshotService', 'GetSnapshot', { project, instance, name });
  if (snapshot === null) throw new Failure(`The server answered without snapshot "${name}"`);
  const usage = { disk: { root: { usage: snapshot.diskUsageBytes } } };
  await context.terminal.output.write(await toYaml({ ...snapshotRecord(snapshot), ...usage }));
}

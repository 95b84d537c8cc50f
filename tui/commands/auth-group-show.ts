import { getGroup } from '../auth/group.ts';
import { groupRecord } from '../auth/record.ts';
import { toYaml } from '../output/format.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const group = await getGroup(await context.connect(), input.arguments[0] ?? '');
  await context.terminal.output.write(await toYaml(groupRecord(group)));
}

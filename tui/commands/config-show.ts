import { configSubject } from '../config/config-subject.ts';
import { toYaml } from '../output/format.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const reading = await (await configSubject(context, input.arguments[0])).read();
  await context.terminal.output.write(await toYaml(reading.record(input.flag('expanded'))));
}

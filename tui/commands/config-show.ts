import { instanceSubject } from '../config/instance-subject.ts';
import { toYaml } from '../output/format.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = ''] = input.arguments;
  const reading = await (await instanceSubject(context, name)).read();
  await context.terminal.output.write(await toYaml(reading.record(input.flag('expanded'))));
}

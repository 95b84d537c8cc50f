import { toYaml } from '../output/format.ts';
import { projectSubject } from '../projects/subject.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = ''] = input.arguments;
  const reading = await (await projectSubject(context, name)).read();
  await context.terminal.output.write(await toYaml(reading.record(false)));
}

import { printableLines } from '../output/printable.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [instance = '', name = ''] = input.arguments;
  const request = { instance, project: context.global.project, name };
  const { template } = await (await context.connect()).call('MetadataService', 'GetTemplate', request);
  const { output } = context.terminal;
  const content = template?.content ?? '';
  // A file or a program gets the very bytes; a terminal nothing that it would act upon.
  await output.write(output.isTty ? printableLines(content) : content);
}

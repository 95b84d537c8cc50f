import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [instance = '', name = ''] = input.arguments;
  const request = { instance, project: context.global.project, name };
  await (await context.connect()).call('MetadataService', 'DeleteTemplate', request);
}

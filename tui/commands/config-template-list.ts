import { printList } from '../output/print-list.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [instance = ''] = input.arguments;
  const request = { instance, project: context.global.project };
  await printList(
    context,
    input,
    { columns: { FILENAME: (name: string) => name }, record: (name) => ({ name }) },
    async () => (await (await context.connect()).call('MetadataService', 'ListTemplates', request)).names,
  );
}

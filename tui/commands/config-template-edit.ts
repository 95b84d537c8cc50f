import { editTemplate } from '../metadata/edit-template.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [instance = '', name = ''] = input.arguments;
  await editTemplate(context, instance, name);
}

import { createTemplate } from '../metadata/edit-template.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [instance = '', name = ''] = input.arguments;
  await createTemplate(context, instance, name);
}

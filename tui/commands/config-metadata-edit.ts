import { editMetadata } from '../metadata/edit-metadata.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [instance = ''] = input.arguments;
  await editMetadata(context, instance);
}

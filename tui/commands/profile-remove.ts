import { removeProfile } from '../profiles/assignment.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [instance = '', profile = ''] = input.arguments;
  await removeProfile(context, instance, profile);
}

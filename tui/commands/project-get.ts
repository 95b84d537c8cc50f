import { getKey } from '../config/keys.ts';
import { projectSubject } from '../projects/subject.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', key = ''] = input.arguments;
  const from = { property: input.flag('property'), expanded: false };
  await getKey(context, await projectSubject(context, name), key, from);
}

import { configSubject, instanceAndKey } from '../config/config-subject.ts';
import { getKey } from '../config/keys.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { name, key } = instanceAndKey(input.arguments);
  const from = { property: input.flag('property'), expanded: input.flag('expanded') };
  await getKey(context, await configSubject(context, name), key, from);
}

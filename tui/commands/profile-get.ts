import { getKey } from '../config/keys.ts';
import { profileSubject } from '../config/profile-subject.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', key = ''] = input.arguments;
  const from = { property: input.flag('property'), expanded: false };
  await getKey(context, await profileSubject(context, name), key, from);
}

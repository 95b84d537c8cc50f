import { unsetKey } from '../config/keys.ts';
import { profileSubject } from '../config/profile-subject.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', key = ''] = input.arguments;
  await unsetKey(await profileSubject(context, name), key, input.flag('property'));
}

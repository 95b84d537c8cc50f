import { pairsOf, setKeys } from '../config/keys.ts';
import { profileSubject } from '../config/profile-subject.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', ...words] = input.arguments;
  const pairs = await pairsOf(context, words);
  await setKeys(await profileSubject(context, name), pairs, input.flag('property'));
}

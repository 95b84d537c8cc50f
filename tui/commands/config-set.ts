import { configSubject, instanceAndPairs } from '../config/config-subject.ts';
import { pairsOf, setKeys } from '../config/keys.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { name, pairs: words } = instanceAndPairs(input.arguments);
  const pairs = await pairsOf(context, words);
  await setKeys(await configSubject(context, name), pairs, input.flag('property'));
}

import { pairsOf, setKeys } from '../config/keys.ts';
import { projectSubject } from '../projects/subject.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', ...words] = input.arguments;
  const pairs = await pairsOf(context, words);
  await setKeys(await projectSubject(context, name), pairs, input.flag('property'));
}

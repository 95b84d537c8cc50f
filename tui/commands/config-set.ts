import { configSubject } from '../config/config-subject.ts';
import { pairsOf, setKeys } from '../config/keys.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [first = '', second, third] = input.arguments;
  // `key=value …` and `key value` without an instance are about the server.
  const isServer = first.includes('=') || (third === undefined && second !== undefined && !second.includes('='));
  const [name, words] = isServer ? [undefined, input.arguments] : [first, input.arguments.slice(1)];
  const pairs = await pairsOf(context, words);
  await setKeys(await configSubject(context, name), pairs, input.flag('property'));
}

import { Failure } from '../client/failure.ts';
import { splitWords } from '../settings/aliases.ts';
import { writeSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [alias = '', target = ''] = input.arguments;
  const name = splitWords(alias).join(' ');
  if (name === '' || name.startsWith('-')) throw new Failure(`"${alias}" cannot be an alias`);
  if (splitWords(target).length === 0) throw new Failure('An alias needs something to stand for');
  await writeSettings(context.env, (settings) => {
    if (Object.hasOwn(settings.aliases, name)) throw new Failure(`Alias "${name}" already exists`);
    return { ...settings, aliases: { ...settings.aliases, [name]: target } };
  });
}

import { Failure } from '../client/failure.ts';
import { splitWords, withoutAlias } from '../settings/aliases.ts';
import { writeSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [alias = '', newAlias = ''] = input.arguments;
  const name = splitWords(newAlias).join(' ');
  if (name === '' || name.startsWith('-')) throw new Failure(`"${newAlias}" cannot be an alias`);
  await writeSettings(context.env, (settings) => {
    const aliases = withoutAlias(settings.aliases, alias);
    if (Object.hasOwn(aliases, name)) throw new Failure(`Alias "${name}" already exists`);
    return { ...settings, aliases: { ...aliases, [name]: settings.aliases[alias] ?? '' } };
  });
}

import { withoutAlias } from '../settings/aliases.ts';
import { writeSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await writeSettings(context.env, (settings) => {
    let { aliases } = settings;
    for (const alias of input.arguments) aliases = withoutAlias(aliases, alias);
    return { ...settings, aliases };
  });
}

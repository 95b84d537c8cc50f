import { unknownRemote } from '../arguments/remote-words.ts';
import { writeSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run({ env }: Context, input: Input): Promise<void> {
  const name = (input.arguments[0] ?? '').replace(/:$/, '');
  await writeSettings(env, (settings) => {
    if (!Object.hasOwn(settings.remotes, name)) throw unknownRemote(name, Object.keys(settings.remotes));
    return { ...settings, defaultRemote: name };
  });
}

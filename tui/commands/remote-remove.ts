import { Failure } from '../client/failure.ts';
import { addedRemote, withoutRemote } from '../remotes/remote-name.ts';
import { unpinCertificate } from '../settings/client-certificate.ts';
import { readSettings, writeSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run({ env }: Context, input: Input): Promise<void> {
  const name = addedRemote(await readSettings(env), input.arguments[0] ?? '');
  await writeSettings(env, (settings) => {
    if (settings.defaultRemote === name) {
      throw new Failure(`The remote "${name}" is the default one: switch to another first`);
    }
    return withoutRemote(settings, name);
  });
  await unpinCertificate(env, name);
}

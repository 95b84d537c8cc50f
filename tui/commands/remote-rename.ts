import { addedRemote, checkNewRemote, withoutRemote } from '../remotes/remote-name.ts';
import { pinCertificate, pinnedCertificate, unpinCertificate } from '../settings/client-certificate.ts';
import { readSettings, writeSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run({ env }: Context, input: Input): Promise<void> {
  const [word = '', newName = ''] = input.arguments;
  const before = await readSettings(env);
  const name = addedRemote(before, word);
  checkNewRemote(before, newName);
  // Until the settings say the new name, both have the certificate.
  await pinCertificate(env, newName, await pinnedCertificate(env, name));
  await writeSettings(env, (settings) => {
    const { [addedRemote(settings, name)]: remote } = settings.remotes;
    checkNewRemote(settings, newName);
    const { remotes, ...rest } = withoutRemote(settings, name);
    const defaultRemote = settings.defaultRemote === name ? newName : settings.defaultRemote;
    return { ...rest, defaultRemote, remotes: remote === undefined ? remotes : { ...remotes, [newName]: remote } };
  });
  await unpinCertificate(env, name);
}

import { Failure } from '../client/failure.ts';
import { formatUrl, parseAddress } from '../client/way.ts';
import { addedRemote } from '../remotes/remote-name.ts';
import { writeSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run({ env }: Context, input: Input): Promise<void> {
  const [word = '', address = ''] = input.arguments;
  const place = parseAddress(address);
  if (place === undefined) throw new Failure(`"${address}" is not an address, HOST[:PORT]`);
  await writeSettings(env, (settings) => {
    const name = addedRemote(settings, word);
    const { project } = settings.remotes[name] ?? { project: '' };
    return { ...settings, remotes: { ...settings.remotes, [name]: { address: formatUrl(place), project } } };
  });
}

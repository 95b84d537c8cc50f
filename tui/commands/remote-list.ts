import { defaultRemoteOf } from '../client/way.ts';
import { printList } from '../output/print-list.ts';
import { localRemote, readSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const settings = await readSettings(context.env);
  const current = defaultRemoteOf(context.env, settings, false);
  const remotes = Object.entries(settings.remotes).map(([name, remote]) => ({
    ...{ name, ...remote, isCurrent: name === current },
    authentication: name === localRemote ? 'file access' : 'tls',
  }));
  await printList(
    context,
    input,
    {
      columns: {
        NAME: ({ name, isCurrent }) => (isCurrent ? `${name} (current)` : name),
        URL: ({ address }) => address,
        PROTOCOL: () => 'yurt',
        'AUTH TYPE': ({ authentication }) => authentication,
        PROJECT: ({ project }) => project || 'default',
      },
      record: ({ name, address, authentication, project, isCurrent }) => ({
        ...{ name, addr: address, protocol: 'yurt', auth_type: authentication, project, current: isCurrent },
      }),
    },
    async () => remotes,
  );
}

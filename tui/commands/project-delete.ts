import { waitFor } from '../client/operation.ts';
import { onEach } from '../instances/batch.ts';
import { say } from '../output/say.ts';
import { readSettings, withProject, writeSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const force = input.flag('force');
  await onEach(
    context,
    input.arguments,
    'delete',
    async (connection, name) => {
      const { operation } = await connection.call('ProjectService', 'DeleteProject', { name, force });
      const ended = await waitFor(context, connection, operation, { silent: input.arguments.length > 1 });
      await say(context, `Project ${name} deleted`);
      return { operation: ended };
    },
    'projects',
  );
  const { remote } = context.global;
  const { project = '' } = (await readSettings(context.env)).remotes[remote] ?? {};
  if (input.arguments.includes(project)) {
    await writeSettings(context.env, (settings) => withProject(settings, remote, ''));
  }
}

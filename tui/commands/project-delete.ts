import { onEach } from '../instances/batch.ts';
import { readSettings, withProject, writeSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const force = input.flag('force');
  await onEach(
    context,
    input.arguments,
    'delete',
    (connection, name) => connection.call('ProjectService', 'DeleteProject', { name, force }),
    'projects',
  );
  const { remote } = context.global;
  const { project = '' } = (await readSettings(context.env)).remotes[remote] ?? {};
  if (input.arguments.includes(project)) {
    await writeSettings(context.env, (settings) => withProject(settings, remote, ''));
  }
}

import { printable } from '../output/printable.ts';
import { readSettings, withProject, writeSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', newName = ''] = input.arguments;
  const connection = await context.connect();
  await connection.call('ProjectService', 'RenameProject', { name, newName });
  const { remote } = context.global;
  const { project } = (await readSettings(context.env)).remotes[remote] ?? {};
  if (project === name) await writeSettings(context.env, (settings) => withProject(settings, remote, newName));
  if (!context.global.quiet)
    await context.terminal.output.write(`Project ${printable(name)} renamed to ${printable(newName)}\n`);
}

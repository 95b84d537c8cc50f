import { withProject, writeSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = ''] = input.arguments;
  // A project that does not exist would make every later command fail.
  await (await context.connect()).call('ProjectService', 'GetProject', { name });
  await writeSettings(context.env, (settings) => withProject(settings, context.global.remote, name));
}

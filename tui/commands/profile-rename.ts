import { say } from '../output/say.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', newName = ''] = input.arguments;
  const connection = await context.connect();
  await connection.call('ProfileService', 'RenameProfile', { name, newName, project: context.global.project });
  await say(context, `Profile ${name} renamed to ${newName}`);
}

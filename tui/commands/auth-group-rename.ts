import { say } from '../output/say.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', newName = ''] = input.arguments;
  await (await context.connect()).call('AuthService', 'RenameGroup', { name, newName });
  await say(context, `Group ${name} renamed to ${newName}`);
}

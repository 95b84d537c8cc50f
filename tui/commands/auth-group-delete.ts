import { say } from '../output/say.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = ''] = input.arguments;
  await (await context.connect()).call('AuthService', 'DeleteGroup', { name });
  await say(context, `Group ${name} deleted`);
}

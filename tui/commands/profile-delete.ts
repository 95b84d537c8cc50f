import { say } from '../output/say.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const connection = await context.connect();
  for (const name of new Set(input.arguments)) {
    await connection.call('ProfileService', 'DeleteProfile', { name, project: context.global.project });
    await say(context, `Profile ${name} deleted`);
  }
}

import { clientWord } from '../auth/identity.ts';
import { say } from '../output/say.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const client = clientWord(input.arguments[0] ?? '');
  await (await context.connect()).call('TrustService', 'RemoveTrustedClient', { client });
  await say(context, `Identity ${client} deleted`);
}

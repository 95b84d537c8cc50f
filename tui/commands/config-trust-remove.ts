import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [client = ''] = input.arguments;
  await (await context.connect()).call('TrustService', 'RemoveTrustedClient', { client });
}

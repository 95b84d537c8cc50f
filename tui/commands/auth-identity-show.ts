import { clientWord } from '../auth/identity.ts';
import { identityRecord } from '../auth/record.ts';
import { Failure } from '../client/failure.ts';
import { toYaml } from '../output/format.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const name = clientWord(input.arguments[0] ?? '');
  const { client } = await (await context.connect()).call('TrustService', 'GetTrustedClient', { client: name });
  if (client === null) throw new Failure(`The server answered without client "${name}"`);
  await context.terminal.output.write(await toYaml(identityRecord(client)));
}

import { Failure } from '../client/failure.ts';
import { toYaml } from '../output/format.ts';
import { profileRecord } from '../profiles/record.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = ''] = input.arguments;
  const connection = await context.connect();
  const { profile } = await connection.call('ProfileService', 'GetProfile', { name, project: context.global.project });
  if (profile === null) throw new Failure(`The server answered without profile "${name}"`);
  await context.terminal.output.write(await toYaml(profileRecord(profile)));
}

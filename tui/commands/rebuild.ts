import { waitFor } from '../client/operation.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [word = '', name = ''] = input.arguments;
  const { project } = context.global;
  const connection = await context.connect();
  const image = word.replace(/^local:/, '');
  const request = { project, name, image, force: input.flag('force') };
  const { operation } = await connection.call('InstanceService', 'RebuildInstance', request);
  await waitFor(context, connection, operation);
}

import { Failure } from '../client/failure.ts';
import { operationRecord } from '../operations/record.ts';
import { toYaml } from '../output/format.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [id = ''] = input.arguments;
  const connection = await context.connect();
  const { operation } = await connection.call('OperationService', 'GetOperation', { id });
  if (operation === null) throw new Failure(`The server answered without operation "${id}"`);
  await context.terminal.output.write(await toYaml(operationRecord(operation)));
}

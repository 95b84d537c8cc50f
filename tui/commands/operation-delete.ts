import { printable } from '../output/printable.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [id = ''] = input.arguments;
  const connection = await context.connect();
  await connection.call('OperationService', 'CancelOperation', { id });
  if (!context.global.quiet) await context.terminal.output.write(`Operation ${printable(id)} deleted\n`);
}

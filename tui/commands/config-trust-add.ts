import { printable } from '../output/printable.ts';
import { rightsOf } from '../trust/rights.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = ''] = input.arguments;
  const rights = rightsOf(name, input);
  const { token } = await (await context.connect()).call('TrustService', 'CreateTrustToken', { rights });
  if (!context.global.quiet) await context.terminal.error.write(`Client ${printable(name)} certificate add token:\n`);
  await context.terminal.output.write(`${printable(token)}\n`);
}

import { clientWord } from '../auth/identity.ts';
import { printable } from '../output/printable.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const name = clientWord(input.arguments[0] ?? '');
  const rights = { name, restricted: true, groups: [...input.values('group')] };
  const { token } = await (await context.connect()).call('TrustService', 'CreateTrustToken', { rights });
  const line = `TLS identity ${printable(name)} pending identity token:\n`;
  if (!context.global.quiet) await context.terminal.error.write(line);
  await context.terminal.output.write(`${printable(token)}\n`);
}

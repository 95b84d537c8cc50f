import { printable } from '../output/printable.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [session = ''] = input.arguments;
  const { project, quiet } = context.global;
  await (await context.connect()).call('SessionService', 'EndSession', { session, project });
  if (!quiet) await context.terminal.output.write(`Session ${printable(session)} deleted\n`);
}

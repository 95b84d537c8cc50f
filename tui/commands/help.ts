import { UsageError } from '../arguments/usage-error.ts';
import { commandHelp, groupHelp, programHelp } from '../help/text.ts';
import type { Context, Input } from './command.ts';
import { commandAt } from './find.ts';
import { groups } from './table.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await context.terminal.output.write(helpFor(input.arguments));
}

function helpFor(path: readonly string[]): string {
  const [first] = path;
  if (first === undefined) return programHelp();
  const spec = commandAt(path);
  if (spec !== undefined) return commandHelp(spec);
  if (path.length === 1 && Object.hasOwn(groups, first)) return groupHelp(first);
  throw new UsageError(`unknown command "${path.join(' ')}"`);
}

import { UsageError } from '../arguments/usage-error.ts';
import { commandHelp, groupHelp, programHelp } from '../help/text.ts';
import type { Context, Input } from './command.ts';
import { commandAt } from './find.ts';
import { groups } from './table.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await context.terminal.output.write(helpFor(input.arguments));
}

function helpFor(path: readonly string[]): string {
  if (path.length === 0) return programHelp();
  const spec = commandAt(path);
  if (spec !== undefined) return commandHelp(spec);
  const group = path.join(' ');
  if (Object.hasOwn(groups, group)) return groupHelp(group);
  throw new UsageError(`unknown command "${group}"`);
}

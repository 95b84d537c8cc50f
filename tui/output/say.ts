import type { Context } from '../commands/command.ts';
import { printable } from './printable.ts';

/** One line about what was done, unless `--quiet`. */
export async function say({ terminal, global }: Context, line: string): Promise<void> {
  if (!global.quiet) await terminal.output.write(`${printable(line)}\n`);
}

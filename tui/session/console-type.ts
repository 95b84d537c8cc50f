import { UsageError } from '../arguments/usage-error.ts';
import type { Input } from '../commands/command.ts';

/** The value of `--console[=type]` or `--type`: there is one type. */
export function checkConsoleType(input: Input, option: 'console' | 'type' = 'console'): void {
  const type = input.value(option);
  if (type !== undefined && type !== 'true' && type !== 'console')
    throw new UsageError(`Unknown console type "${type}"`);
}

import { UsageError } from '../arguments/usage-error.ts';
import { completionScript } from '../completion/script.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [shell = ''] = input.arguments;
  const script = completionScript(shell);
  if (script === undefined) throw new UsageError(`Unknown shell "${shell}": it is bash, zsh or fish`);
  await context.terminal.output.write(script);
}

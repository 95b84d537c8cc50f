import type { Context } from './commands/command.ts';
import { runProgram } from './program.ts';
import { ProcessTerminal } from './terminal/process-terminal.ts';

/** Runs one command line with the streams and signals of this process; resolves to its exit code. */
export async function runHere(argv: readonly string[], env: Context['env']): Promise<number> {
  return await runProgram(argv, env, new ProcessTerminal());
}

import { Failure } from '../client/failure.ts';
import { type ExecOptions, runCommand } from '../session/exec-session.ts';
import type { Context, Input } from './command.ts';

/** Login shells of root: the first that the instance has is taken. */
const shells = [
  ['su', '-l'],
  ['/bin/sh', '-l'],
] as const;

export async function run(context: Context, input: Input): Promise<number> {
  const [instance = ''] = input.arguments;
  const { terminal, global, env } = context;
  const connection = await context.connect();
  const term = env['TERM'];
  for (const command of shells) {
    const options: ExecOptions = {
      ...{ instance, command, user: 0, group: 0, cwd: '', withStdin: true, project: global.project },
      environment: term ? { TERM: term } : {},
      interactive: terminal.input.isTty && terminal.output.isTty,
    };
    const { code, message } = await runCommand(connection, terminal, options);
    // A message says that there is no such program; without one the shell itself ended with this code.
    if (code !== 127 || message === '') return code;
  }
  throw new Failure(`Instance "${instance}" has neither su nor /bin/sh. Run a program of its own with "yurt exec"`, {
    exitCode: 127,
  });
}

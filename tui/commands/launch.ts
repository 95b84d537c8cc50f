import { createInstance } from '../instances/create.ts';
import { checkConsoleType } from '../session/console-type.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<number> {
  if (!input.flag('console')) {
    await createInstance(context, input, true);
    return 0;
  }
  checkConsoleType(input);
  const { attachConsole } = await import('../session/console-session.ts');
  const instance = await createInstance(context, input, true);
  return await attachConsole(context, { instance, force: false });
}

import { createInstance, targetOf } from '../instances/create.ts';
import { checkConsoleType } from '../session/console-type.ts';
import type { CommandContext, Input } from './command.ts';

export async function run(context: CommandContext, input: Input): Promise<number> {
  if (!input.flag('console')) {
    await createInstance(context, input, true);
    return 0;
  }
  checkConsoleType(input);
  const { attachConsole } = await import('../session/console-session.ts');
  const instance = await createInstance(context, input, true);
  return await attachConsole(targetOf(context, input), { instance, force: false });
}

import { attachSession } from '../session/attach-session.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<number> {
  const [session = ''] = input.arguments;
  const { code } = await attachSession(context, { session, withStdin: !input.flag('disable-stdin') });
  return code;
}

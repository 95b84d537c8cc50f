import { changeGroups } from '../auth/identity.ts';
import { Failure } from '../client/failure.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [identity = '', group = ''] = input.arguments;
  await changeGroups(context, identity, (groups, name) => {
    if (groups.includes(group)) throw new Failure(`Identity "${name}" is in group "${group}" already`);
    return [...groups, group];
  });
}

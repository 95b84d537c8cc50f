import { changeGroups } from '../auth/identity.ts';
import { Failure } from '../client/failure.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [identity = '', group = ''] = input.arguments;
  await changeGroups(context, identity, (groups, name) => {
    if (!groups.includes(group)) throw new Failure(`Identity "${name}" is not in group "${group}"`);
    return groups.filter((one) => one !== group);
  });
}

import { UsageError } from '../arguments/usage-error.ts';
import { assign } from '../profiles/assignment.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [instance = '', list] = input.arguments;
  if ((list === undefined) !== input.flag('no-profiles')) {
    throw new UsageError('Either profiles or --no-profiles must be given');
  }
  const profiles = (list ?? '').split(',').filter((name) => name !== '');
  await assign(context, instance, profiles);
}

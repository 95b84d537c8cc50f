import { UsageError } from '../arguments/usage-error.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', newName = ''] = input.arguments;
  const targetProject = input.value('target-project') ?? '';
  if (newName === '' && targetProject === '') throw new UsageError('A new name or --target-project is missing');
  const { project } = context.global;
  const connection = await context.connect();
  await connection.call('InstanceService', 'MoveInstance', { project, name, newName, targetProject });
}

import { UsageError } from '../arguments/usage-error.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', newName = ''] = input.arguments;
  const targetProject = input.value('target-project') ?? '';
  const pool = input.value('storage') ?? '';
  if ([newName, targetProject, pool].every((target) => target === '')) {
    throw new UsageError('A new name, --target-project or --storage is missing');
  }
  const { project } = context.global;
  const connection = await context.connect();
  await connection.call('InstanceService', 'MoveInstance', { project, name, newName, targetProject, pool });
}

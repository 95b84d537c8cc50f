import { namesOf, onEach } from '../instances/batch.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const names = await namesOf(context, input, (status) => status === 'INSTANCE_STATUS_FROZEN');
  const { project } = context.global;
  await onEach(context, names, 'resume', (connection, name) =>
    connection.call('InstanceService', 'ResumeInstance', { name, project }),
  );
}

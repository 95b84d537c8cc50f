import { namesOf, onEach } from '../instances/batch.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const names = await namesOf(context, input, (status) => status === 'INSTANCE_STATUS_RUNNING');
  const { project } = context.global;
  await onEach(context, names, 'pause', (connection, name) =>
    connection.call('InstanceService', 'PauseInstance', { name, project }),
  );
}

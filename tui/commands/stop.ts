import { namesOf, onEach, timeoutOf } from '../instances/batch.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const timeoutSeconds = timeoutOf(input);
  const force = input.flag('force');
  const names = await namesOf(context, input, (status) => status !== 'INSTANCE_STATUS_STOPPED');
  const { project } = context.global;
  await onEach(context, names, 'stop', (connection, name) =>
    connection.call('InstanceService', 'StopInstance', { name, project, force, timeoutSeconds }),
  );
}

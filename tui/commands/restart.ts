import { UsageError } from '../arguments/usage-error.ts';
import { namesOf, onEach, timeoutOf } from '../instances/batch.ts';
import { checkConsoleType } from '../session/console-type.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<number> {
  const timeoutSeconds = timeoutOf(input);
  const force = input.flag('force');
  const names = await namesOf(context, input, (status) => status === 'INSTANCE_STATUS_RUNNING');
  const [instance = ''] = names;
  if (input.flag('console') && names.length !== 1) throw new UsageError('--console only works with a single instance');
  checkConsoleType(input);
  const { project } = context.global;
  await onEach(context, names, 'restart', (connection, name) =>
    connection.call('InstanceService', 'RestartInstance', { name, project, force, timeoutSeconds }),
  );
  if (!input.flag('console')) return 0;
  const { attachConsole } = await import('../session/console-session.ts');
  return await attachConsole(context, { instance, force: false });
}

import { onEach } from '../instances/batch.ts';
import { confirm } from '../terminal/prompt.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { project } = context.global;
  const names = input.flag('interactive') ? await confirmed(context, input.arguments) : input.arguments;
  await onEach(context, names, 'delete', (connection, name) =>
    connection.call('InstanceService', 'DeleteInstance', { name, project, force: input.flag('force') }),
  );
}

async function confirmed(context: Context, names: readonly string[]): Promise<string[]> {
  const chosen: string[] = [];
  for (const name of names) if (await confirm(context.terminal, `Remove ${name}?`, false)) chosen.push(name);
  return chosen;
}

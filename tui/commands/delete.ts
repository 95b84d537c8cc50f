import { onEach } from '../instances/batch.ts';
import { parseReference } from '../snapshots/reference.ts';
import { Questions } from '../terminal/prompt.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { project } = context.global;
  const names = input.flag('interactive') ? await confirmed(context, input.arguments) : input.arguments;
  await onEach(context, names, 'delete', (connection, word) => {
    const snapshot = parseReference(word);
    return snapshot === undefined
      ? connection.call('InstanceService', 'DeleteInstance', { name: word, project, force: input.flag('force') })
      : connection.call('SnapshotService', 'DeleteSnapshot', { ...snapshot, project });
  });
}

async function confirmed(context: Context, names: readonly string[]): Promise<string[]> {
  using questions = new Questions(context.terminal);
  const chosen: string[] = [];
  for (const name of names) if (await questions.confirm(`Remove ${name}?`, false)) chosen.push(name);
  return chosen;
}

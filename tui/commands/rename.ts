import { UsageError } from '../arguments/usage-error.ts';
import { parseReference } from '../snapshots/reference.ts';
import type { Context, Input } from './command.ts';
import { newNameOf } from './snapshot-rename.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [word = '', target = ''] = input.arguments;
  const { project } = context.global;
  const snapshot = parseReference(word);
  if (snapshot === undefined && target.includes('/')) throw new UsageError('An instance cannot become a snapshot');
  const connection = await context.connect();
  if (snapshot === undefined) {
    await connection.call('InstanceService', 'MoveInstance', { project, name: word, newName: target });
  } else {
    const newName = newNameOf(snapshot.instance, target);
    await connection.call('SnapshotService', 'RenameSnapshot', { ...snapshot, project, newName });
  }
}

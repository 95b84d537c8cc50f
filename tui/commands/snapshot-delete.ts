import { UsageError } from '../arguments/usage-error.ts';
import { onEach } from '../instances/batch.ts';
import { parseReference } from '../snapshots/reference.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [first = '', ...names] = input.arguments;
  const joined = parseReference(first);
  if (joined !== undefined && names.length > 0) throw new UsageError('The snapshot is named twice');
  if (joined === undefined && names.length === 0) throw new UsageError('The name of the snapshot is missing');
  const instance = joined?.instance ?? first;
  const { project } = context.global;
  await onEach(
    context,
    joined === undefined ? names : [joined.name],
    'delete',
    (connection, name) => connection.call('SnapshotService', 'DeleteSnapshot', { project, instance, name }),
    'snapshots',
    // One instance does one thing at a time.
    1,
  );
}

import { UsageError } from '../arguments/usage-error.ts';
import { noMore, parseReference, takeReference } from '../snapshots/reference.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { instance, name, rest } = takeReference(input.arguments);
  const [target, ...more] = rest;
  noMore(more);
  if (target === undefined) throw new UsageError('The new name of the snapshot is missing');
  const { project } = context.global;
  const connection = await context.connect();
  const newName = newNameOf(instance, target);
  await connection.call('SnapshotService', 'RenameSnapshot', { project, instance, name, newName });
}

/** `new` or, as in the field, `web/new`. A snapshot stays with its instance. */
export function newNameOf(instance: string, target: string): string {
  const joined = parseReference(target);
  if (joined === undefined) return target;
  if (joined.instance !== instance) throw new UsageError('A snapshot cannot be renamed to one of another instance');
  return joined.name;
}

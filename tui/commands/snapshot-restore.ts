import { waitFor } from '../client/operation.ts';
import { noMore, takeReference } from '../snapshots/reference.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { instance, name, rest } = takeReference(input.arguments);
  noMore(rest);
  const { project } = context.global;
  const connection = await context.connect();
  const { operation } = await connection.call('SnapshotService', 'RestoreSnapshot', { project, instance, name });
  await waitFor(context, connection, operation);
}

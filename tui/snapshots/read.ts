import type { Snapshot__Output } from '../../proto/gen/yurt/v1/Snapshot.ts';
import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import type { SnapshotReference } from './reference.ts';

/** A snapshot of the project that the command is about. */
export async function readSnapshot(context: Context, { instance, name }: SnapshotReference): Promise<Snapshot__Output> {
  const { project } = context.global;
  const connection = await context.connect();
  const { snapshot } = await connection.call('SnapshotService', 'GetSnapshot', { project, instance, name });
  if (snapshot === null) throw new Failure(`The server answered without snapshot "${name}"`);
  return snapshot;
}

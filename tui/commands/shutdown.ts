import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import { timeoutOf } from '../instances/batch.ts';
import type { Context, Input } from './command.ts';

/** Resolves when the server has gone. */
export async function run(context: Context, input: Input): Promise<void> {
  const timeoutSeconds = timeoutOf(input);
  const connection = await context.connect();
  const watch = connection.watch('EventService', 'WatchEvents', { types: ['lifecycle'], allProjects: true });
  const begun = await watch.next();
  if (begun.done === true) throw new Failure('The server ended the stream of events');
  try {
    await connection.call('ServerService', 'Shutdown', { timeoutSeconds });
  } catch (error) {
    // A server that is quick has gone before its answer went out.
    if (!Failure.is(error, 'unavailable')) throw error;
  }
  await untilGone(watch);
}

/** The stream of events ends when the server does. */
async function untilGone(watch: ReturnType<Connection['watch']>): Promise<void> {
  try {
    while ((await watch.next()).done !== true);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

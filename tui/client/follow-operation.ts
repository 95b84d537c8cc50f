import { setTimeout as delay } from 'node:timers/promises';
import type { Operation__Output } from '../../proto/gen/yurt/v1/Operation.ts';
import type { Connection } from './connection.ts';
import { Failure } from './failure.ts';

/** How often, and how long, a server that was lost is looked for. */
const retryMs = 500;
const giveUpMs = 20_000;

/** An operation now and after each change. A lost connection is made anew: what happened meanwhile is in the next state. */
export async function* followOperation(
  connect: () => Promise<Connection>,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<Operation__Output, void> {
  let lostAt: number | undefined;
  let wasLost = false;
  for (;;) {
    try {
      const connection = await connect();
      for await (const { operation } of connection.watch('OperationService', 'WatchOperation', { id }, { signal })) {
        lostAt = undefined;
        if (operation !== null) yield operation;
      }
      return;
    } catch (error) {
      if (wasLost && Failure.is(error, 'not-found')) throw forgotten(error);
      lostAt ??= Date.now();
      if (!Failure.is(error, 'unavailable') || signal.aborted || Date.now() - lostAt > giveUpMs) throw error;
      wasLost = true;
      await delay(retryMs, undefined, { signal }).catch(() => {});
    }
  }
}

function forgotten(cause: unknown): Failure {
  const message =
    'The connection to the server was lost, and it does not know the operation any more: look at what has come of it';
  return new Failure(message, { status: 'unavailable', cause });
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Event__Output } from '../../proto/gen/yurt/v1/Event.ts';
import type { WatchEventsRequest } from '../../proto/gen/yurt/v1/WatchEventsRequest.ts';
import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';

/** Between a lost connection and the next attempt; each time twice as long. */
const firstDelayMs = 200;
const longestDelayMs = 3_000;

export type News =
  | { readonly kind: 'event'; readonly event: Event__Output }
  /** Events follow. `gap`: the server does not know any more what happened since the last one. */
  | { readonly kind: 'begun'; readonly gap: boolean }
  /** The connection is lost, or the server refuses; unless the caller stops, it is tried again. */
  | { readonly kind: 'lost'; readonly error: unknown };

/**
 * Events as they happen, each once: when the connection is lost it goes on after the last that came. Ends when `signal`
 * aborts.
 */
export async function* followEvents(
  connect: () => Promise<Connection>,
  wanted: Omit<WatchEventsRequest, 'cursor'>,
  signal: AbortSignal,
): AsyncGenerator<News, void> {
  let cursor = '';
  let gap = false;
  let wait = firstDelayMs;
  while (!signal.aborted) {
    try {
      const connection = await connect();
      for await (const { event } of connection.watch(
        'EventService',
        'WatchEvents',
        { ...wanted, cursor },
        { signal },
      )) {
        if (event === null) continue;
        cursor = event.cursor;
        wait = firstDelayMs;
        if (event.payload === 'begun') yield { kind: 'begun', gap };
        else yield { kind: 'event', event };
        gap = false;
      }
      throw new Failure('The server ended the stream of events', { status: 'unavailable' });
    } catch (error) {
      if (signal.aborted) return;
      if (cursor !== '' && Failure.is(error, 'exhausted')) {
        // It was the cursor that the server did not like: that is no loss of the connection.
        cursor = '';
        gap = true;
        continue;
      }
      yield { kind: 'lost', error };
      await delay(wait, undefined, { signal }).catch(() => {});
      wait = Math.min(longestDelayMs, wait * 2);
    }
  }
}

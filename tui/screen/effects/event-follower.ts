import { setTimeout as delay } from 'node:timers/promises';
import type { Event__Output } from '../../../proto/gen/yurt/v1/Event.ts';
import { Failure } from '../../client/failure.ts';
import type { Store } from '../store.ts';
import { type LiveConnection, reasonOf } from './live-connection.ts';

const firstDelayMs = 200;
const longestDelayMs = 3000;

/** Reads what the server has, and again what has changed. */
interface Reader {
  readAll(): Promise<void>;
  /** By its resource name: `instance/web`. */
  changed(source: string, project: string): void;
}

/**
 * Follows the server's events for as long as the program runs. When the connection is lost it says so, tries again, and
 * goes on after the last event that came; from a server that knows nothing of that event any more, all is read anew.
 */
export class EventFollower {
  readonly #live: LiveConnection;
  readonly #store: Store;
  readonly #readers: readonly Reader[];
  readonly #remote: string;
  readonly #stop = new AbortController();
  #cursor = '';

  /** `remote`: empty for the present server. */
  constructor(live: LiveConnection, store: Store, readers: readonly Reader[], remote = '') {
    this.#live = live;
    this.#store = store;
    this.#readers = readers;
    this.#remote = remote;
  }

  async run(): Promise<void> {
    let wait = firstDelayMs;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#follow(() => {
          wait = firstDelayMs;
        });
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        // It was the cursor that the server did not like: that is no loss of the connection.
        if (this.#cursor !== '' && error instanceof Failure && error.status === 'other') {
          this.#cursor = '';
          continue;
        }
        this.#store.dispatch({ type: 'link', link: { kind: 'lost', reason: reasonOf(error) }, remote: this.#remote });
      }
      this.#live.drop();
      await delay(wait, undefined, { signal: this.#stop.signal }).catch(() => {});
      wait = Math.min(longestDelayMs, wait * 2);
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  async #follow(onBegun: () => void): Promise<void> {
    const { signal } = this.#stop;
    const request = { cursor: this.#cursor, types: ['lifecycle', 'operation'], allProjects: true };
    for await (const { event } of this.#live.present.watch('EventService', 'WatchEvents', request, { signal })) {
      if (event === null) continue;
      this.#cursor = event.cursor;
      if (event.payload === 'begun') {
        onBegun();
        this.#store.dispatch({ type: 'link', link: { kind: 'connected' }, remote: this.#remote });
        for (const reader of this.#readers) void reader.readAll();
      } else this.#receive(event);
    }
    throw new Failure('The server ended the stream of events', { status: 'unavailable' });
  }

  #receive(event: Event__Output): void {
    this.#store.dispatch({ type: 'event', event, remote: this.#remote });
    for (const source of [event.lifecycle?.source ?? '', ...(event.operation?.resources ?? [])]) {
      for (const reader of this.#readers) reader.changed(source, event.project);
    }
  }
}

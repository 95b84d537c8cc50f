import type { Event__Output } from '../../../proto/gen/yurt/v1/Event.ts';
import { followEvents, type News } from '../../events/follow-events.ts';
import type { Store } from '../store.ts';
import { type LiveConnection, reasonOf } from './live-connection.ts';

/** Reads what the server has, and again what has changed. */
interface Reader {
  readAll(): Promise<void>;
  /** By its resource name: `instance/web`. */
  changed(source: string, project: string): void;
}

/**
 * Follows the server's events for as long as the program runs. When the connection is lost it says so, tries again, and
 * goes on after the last event that came; whenever a stream begins, all is read anew.
 */
export class EventFollower {
  readonly #live: LiveConnection;
  readonly #store: Store;
  readonly #readers: readonly Reader[];
  readonly #remote: string;
  readonly #stop = new AbortController();

  /** `remote`: empty for the present server. */
  constructor(live: LiveConnection, store: Store, readers: readonly Reader[], remote = '') {
    this.#live = live;
    this.#store = store;
    this.#readers = readers;
    this.#remote = remote;
  }

  async run(): Promise<void> {
    const wanted = { types: ['lifecycle', 'operation'], allProjects: true };
    for await (const news of followEvents(async () => this.#live.present, wanted, this.#stop.signal)) this.#tell(news);
  }

  stop(): void {
    this.#stop.abort();
  }

  #tell(news: News): void {
    if (news.kind === 'event') this.#receive(news.event);
    else if (news.kind === 'begun') {
      this.#store.dispatch({ type: 'link', link: { kind: 'connected' }, remote: this.#remote });
      for (const reader of this.#readers) void reader.readAll();
    } else {
      this.#store.dispatch({
        type: 'link',
        link: { kind: 'lost', reason: reasonOf(news.error) },
        remote: this.#remote,
      });
      this.#live.drop();
    }
  }

  #receive(event: Event__Output): void {
    this.#store.dispatch({ type: 'event', event, remote: this.#remote });
    for (const source of [event.lifecycle?.source ?? '', ...(event.operation?.resources ?? [])]) {
      for (const reader of this.#readers) reader.changed(source, event.project);
    }
  }
}

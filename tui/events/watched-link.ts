import { Failure } from '../client/failure.ts';
import type { News } from './follow-events.ts';

/** A server that cannot be reached for so long is not waited for any more. */
const giveUpMs = 5 * 60_000;

/** Says what becomes of the connection that events come over, and ends what is not worth waiting for. */
export class WatchedLink {
  readonly #say: (line: string) => Promise<void>;
  readonly #now: () => number;
  #begun = false;
  #lostAt: number | undefined;

  constructor(say: (line: string) => Promise<void>, now = () => Date.now()) {
    this.#say = say;
    this.#now = now;
  }

  /** Throws what the server refuses for another reason than the connection, and what has never worked. */
  async tell(news: Exclude<News, { kind: 'event' }>): Promise<void> {
    if (news.kind === 'begun') await this.#onBegun(news.gap);
    else await this.#onLost(news.error);
  }

  async #onBegun(gap: boolean): Promise<void> {
    const wasLost = this.#lostAt !== undefined;
    this.#begun = true;
    this.#lostAt = undefined;
    if (gap) await this.#say('Connected again. Events are missing: the server does not know what happened in between');
    else if (wasLost) await this.#say('Connected again. No event is missing');
  }

  async #onLost(error: unknown): Promise<void> {
    if (!this.#begun || !(Failure.is(error, 'unavailable') || Failure.is(error, 'canceled'))) throw error;
    if (this.#lostAt === undefined) {
      this.#lostAt = this.#now();
      await this.#say(`${(error as Failure).message}: trying again`); // as `is` has found
    } else if (this.#now() - this.#lostAt > giveUpMs) throw error;
  }
}

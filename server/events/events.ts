import { randomUUID } from 'node:crypto';
import { Fault } from '../base/fault.ts';
import type { Event, EventPayload } from './event.ts';

/** How far a watcher may lag, or how old a cursor may be, in events. */
const ringSize = 4096;

/**
 * All events of one server's life, the last `ringSize` of them kept. A watcher is a position in that ring, not a queue
 * of its own: a slow one costs no memory, it is told when it fell behind.
 */
export class Events {
  /** A cursor of an earlier life of the server must not be mistaken for one of this. */
  readonly #life = randomUUID().slice(0, 8);
  readonly #ring: Event[] = [];
  #last = 0;
  readonly #waiting = new Set<() => void>();

  publish(payload: EventPayload, project = 'default'): void {
    this.#last += 1;
    this.#ring[this.#last % ringSize] = { sequence: this.#last, time: new Date(), project, payload };
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** A change of an object, announced after it is true. */
  lifecycle(action: string, source: string, context: Readonly<Record<string, string>> = {}, project?: string): void {
    this.publish({ type: 'lifecycle', action, source, context }, project);
  }

  cursorOf(sequence: number): string {
    return `${this.#life}-${sequence}`;
  }

  /** The sequence that a stream from `cursor` begins after; '' means from now on. Faults: `invalid`, `exhausted`. */
  position(cursor: string): number {
    if (cursor === '') return this.#last;
    const [life, digits] = cursor.split('-');
    const sequence = Number(digits);
    if (life === undefined || !Number.isInteger(sequence)) throw new Fault('invalid', 'The event cursor is malformed');
    if (life !== this.#life || sequence > this.#last) throw tooOld();
    return sequence;
  }

  /** Events after `position`, as they come, until `signal` aborts. Fault `exhausted` when the watcher fell behind. */
  async *watch(position: number, signal: AbortSignal): AsyncGenerator<Event> {
    let at = position;
    while (!signal.aborted) {
      if (at < this.#last) {
        at += 1;
        const event = this.#ring[at % ringSize];
        if (event?.sequence !== at) throw tooOld();
        yield event;
      } else {
        await this.#next(signal);
      }
    }
  }

  async #next(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}

function tooOld(): Fault {
  return new Fault('exhausted', 'Events since the cursor are no longer kept: list again, then watch without a cursor');
}

import { type State, shownPage } from '../state/state.ts';
import type { Store } from '../store.ts';
import type { ConsoleReader } from './console-reader.ts';
import type { Lists } from './lists.ts';

const tickMs = 1000;
const pollMs = 2000;

/** Reading figures may take this part of the time. */
const pollShare = 10;

/** Time goes on, and what no event tells of is asked for while it is on the screen: figures, consoles. */
export class Poller {
  readonly #store: Store;
  readonly #lists: Lists;
  readonly #console: ConsoleReader;
  #timer: NodeJS.Timeout | undefined;
  #nextPoll = 0;
  #paused = false;

  constructor(store: Store, lists: Lists, console: ConsoleReader) {
    this.#store = store;
    this.#lists = lists;
    this.#console = console;
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** While something else has the terminal, nobody sees it. */
  pause(paused: boolean): void {
    this.#paused = paused;
  }

  #tick(): void {
    const now = Date.now();
    this.#store.dispatch({ type: 'tick', now });
    const state = this.#store.state();
    if (this.#paused || state.link.kind !== 'connected') return;
    if (now >= this.#nextPoll && showsFigures(state)) void this.#poll(now);
    const page = shownPage(state);
    if (page.kind === 'instance' && page.tab === 'log') void this.#console.read(page.key);
  }

  async #poll(started: number): Promise<void> {
    this.#nextPoll = Number.POSITIVE_INFINITY;
    await this.#lists.poll();
    const now = Date.now();
    this.#nextPoll = Math.max(started + pollMs, now + (now - started) * pollShare);
  }
}

function showsFigures(state: State): boolean {
  const page = shownPage(state);
  return page.kind === 'instance' || (page.kind === 'table' && page.table === 'instances');
}

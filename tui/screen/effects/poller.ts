import { type State, shownPage } from '../state/state.ts';
import type { Store } from '../store.ts';
import type { InstanceList } from './instance-list.ts';
import type { Remotes } from './remotes.ts';
import type { ShownReader } from './shown-reader.ts';

const tickMs = 1000;
const pollMs = 2000;

/** Reading figures may take this part of the time. */
const pollShare = 10;

/** Time goes on, and what no event tells of is asked for while it is on the screen: figures, consoles. */
export class Poller {
  readonly #store: Store;
  readonly #instances: InstanceList;
  readonly #remotes: Remotes;
  readonly #shown: ShownReader;
  #timer: NodeJS.Timeout | undefined;
  #nextPoll = 0;
  #paused = false;

  constructor(
    store: Store,
    lists: { readonly instances: InstanceList; readonly remotes: Remotes },
    shown: ShownReader,
  ) {
    this.#store = store;
    this.#instances = lists.instances;
    this.#remotes = lists.remotes;
    this.#shown = shown;
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
    if (this.#paused) return;
    if (now >= this.#nextPoll && showsFigures(state)) void this.#poll(now);
    this.#shown.tick(now);
  }

  async #poll(started: number): Promise<void> {
    this.#nextPoll = Number.POSITIVE_INFINITY;
    this.#remotes.poll();
    if (this.#store.state().link.kind === 'connected') await this.#instances.poll();
    const now = Date.now();
    this.#nextPoll = Math.max(started + pollMs, now + (now - started) * pollShare);
  }
}

function showsFigures(state: State): boolean {
  const page = shownPage(state);
  return page.kind === 'instance' || (page.kind === 'table' && page.table === 'instances');
}

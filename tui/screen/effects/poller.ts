import { placeOf } from '../state/instance-rows.ts';
import { type State, shownPage } from '../state/state.ts';
import type { Store } from '../store.ts';
import type { ConsoleReader } from './console-reader.ts';
import type { DiskReader } from './disk-reader.ts';
import type { InstanceList } from './instance-list.ts';
import type { ProcessReader } from './process-reader.ts';
import type { Remotes } from './remotes.ts';

const tickMs = 1000;
const pollMs = 2000;

/** Reading figures may take this part of the time. */
const pollShare = 10;

/** Time goes on, and what no event tells of is asked for while it is on the screen: figures, consoles. */
export class Poller {
  readonly #store: Store;
  readonly #instances: InstanceList;
  readonly #remotes: Remotes;
  readonly #console: ConsoleReader;
  readonly #processes: ProcessReader;
  readonly #disk: DiskReader;
  #timer: NodeJS.Timeout | undefined;
  #nextPoll = 0;
  #paused = false;

  constructor(
    store: Store,
    lists: { readonly instances: InstanceList; readonly remotes: Remotes },
    shown: { readonly console: ConsoleReader; readonly processes: ProcessReader; readonly disk: DiskReader },
  ) {
    this.#store = store;
    this.#instances = lists.instances;
    this.#remotes = lists.remotes;
    this.#console = shown.console;
    this.#processes = shown.processes;
    this.#disk = shown.disk;
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
    const page = shownPage(state);
    if (page.kind !== 'instance' || !isReachable(state, page.key)) return;
    if (page.tab === 'metrics' || page.tab === 'overview') void this.#disk.read(page.key, now);
    if (page.tab === 'log') void this.#console.read(page.key);
    if (page.tab === 'processes' && now - page.processes.at >= pollMs) void this.#processes.read(page.key);
  }

  async #poll(started: number): Promise<void> {
    this.#nextPoll = Number.POSITIVE_INFINITY;
    this.#remotes.poll();
    if (this.#store.state().link.kind === 'connected') await this.#instances.poll();
    const now = Date.now();
    this.#nextPoll = Math.max(started + pollMs, now + (now - started) * pollShare);
  }
}

/** Whether the way to the server of an instance is open. */
function isReachable({ link, others }: State, key: string): boolean {
  const { remote } = placeOf(key);
  return (remote === '' ? link : others.get(remote))?.kind === 'connected';
}

function showsFigures(state: State): boolean {
  const page = shownPage(state);
  return page.kind === 'instance' || (page.kind === 'table' && page.table === 'instances');
}

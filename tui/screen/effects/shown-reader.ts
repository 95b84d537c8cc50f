import { screenOf } from '../keys/screen-commands.ts';
import { placeOf } from '../state/instance-rows.ts';
import { type ScreenName, type State, shownPage } from '../state/state.ts';
import type { Store } from '../store.ts';
import { ConsoleReader } from './console-reader.ts';
import { DiskReader } from './disk-reader.ts';
import type { Lists } from './lists.ts';
import { ProcessReader } from './process-reader.ts';
import type { Servers } from './servers.ts';
import { SnapshotReader } from './snapshot-reader.ts';

/** How often processes are read while somebody looks at them. */
const processesMs = 2000;

/** Reads what is on the screen and in no list: at once when one comes to it, and again while no event tells of it. */
export class ShownReader {
  readonly #store: Store;
  readonly #lists: Lists;
  readonly snapshots: SnapshotReader;
  readonly #console: ConsoleReader;
  readonly #processes: ProcessReader;
  readonly #disk: DiskReader;
  #screen: ScreenName = 'instances';
  #project: string | undefined;

  constructor(servers: Servers, store: Store, lists: Lists) {
    this.#store = store;
    this.#lists = lists;
    this.snapshots = new SnapshotReader(servers, store);
    this.#console = new ConsoleReader(servers, store);
    this.#processes = new ProcessReader(servers, store);
    this.#disk = new DiskReader(servers, store);
  }

  /** The state has changed: something else may be shown. */
  changed(): void {
    const state = this.#store.state();
    const screen = screenOf(state);
    if (screen !== this.#screen) this.#lists.readScreen(screen);
    this.#screen = screen;
    const page = shownPage(state);
    const project = page.kind === 'object' && page.table === 'projects' ? page.key : undefined;
    if (project !== undefined && project !== this.#project) void this.#lists.readUsage(project);
    this.#project = project;
    if (page.kind !== 'instance') return;
    if (page.tab === 'log' && page.log.state === 'loading') void this.#console.read(page.key);
    if (page.tab === 'processes' && page.processes.state === 'loading') void this.#processes.read(page.key);
    if (page.tab === 'snapshots' && page.snapshots.state === 'loading') void this.snapshots.read(page.key);
  }

  /** Time goes on: `now` is in milliseconds since the epoch. */
  tick(now: number): void {
    const state = this.#store.state();
    const page = shownPage(state);
    if (page.kind !== 'instance' || !isReachable(state, page.key)) return;
    if (page.tab === 'metrics' || page.tab === 'overview') void this.#disk.read(page.key, now);
    if (page.tab === 'log') void this.#console.read(page.key);
    if (page.tab === 'processes' && now - page.processes.at >= processesMs) void this.#processes.read(page.key);
  }

  stop(): void {
    this.snapshots.stop();
  }
}

/** Whether the way to the server of an instance is open. */
function isReachable({ link, others }: State, key: string): boolean {
  const { remote } = placeOf(key);
  return (remote === '' ? link : others.get(remote))?.kind === 'connected';
}

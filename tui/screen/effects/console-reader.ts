import { stripVTControlCharacters } from 'node:util';
import { maxConsoleLines } from '../state/console-log.ts';
import { shownPage } from '../state/state.ts';
import type { Store } from '../store.ts';
import { reasonOf } from './live-connection.ts';
import type { Servers } from './servers.ts';

/** Of a longer console log only the end is kept. */
const maxLogBytes = 4 * 1024 * 1024;

/**
 * Reads the console's log of the instance that is shown. The log is read as a whole each time: to attach would keep
 * everybody else from attaching.
 */
export class ConsoleReader {
  readonly #servers: Servers;
  readonly #store: Store;
  #reading = false;
  #lastSize = -1;
  #lastKey = '';

  constructor(servers: Servers, store: Store) {
    this.#servers = servers;
    this.#store = store;
  }

  async read(key: string): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      const { text, size } = await this.#log(key);
      const page = shownPage(this.#store.state());
      const isKnown = page.kind === 'instance' && page.key === key && page.log.state === 'here';
      if (isKnown && key === this.#lastKey && size === this.#lastSize) return;
      [this.#lastKey, this.#lastSize] = [key, size];
      this.#store.dispatch({ type: 'console', key, lines: linesOf(text), now: Date.now() });
    } catch (error) {
      this.#store.dispatch({ type: 'console-failed', key, reason: reasonOf(error) });
    } finally {
      this.#reading = false;
    }
  }

  async #log(key: string): Promise<{ text: string; size: number }> {
    const { live, project, name: instance } = this.#servers.placeOf(key);
    const chunks: Buffer[] = [];
    let kept = 0;
    let size = 0;
    for await (const { output } of live.present.watch('ConsoleService', 'GetConsoleLog', { project, instance })) {
      chunks.push(output);
      kept += output.length;
      size += output.length;
      while (kept - (chunks[0]?.length ?? 0) > maxLogBytes) kept -= chunks.shift()?.length ?? 0;
    }
    return { text: Buffer.concat(chunks).toString('utf8'), size };
  }
}

/** What a console printed as lines of plain text: colours and cursor movements are left out. */
export function linesOf(text: string): string[] {
  const lines = stripVTControlCharacters(text)
    .split('\n')
    .slice(-maxConsoleLines - 1);
  if (lines.at(-1) === '') lines.pop();
  // A carriage return begins the line anew: what stands at its end is what was to be seen.
  return lines.map((line) => line.replace(/\r+$/, '').split('\r').at(-1)?.replaceAll('\t', '    ') ?? '');
}

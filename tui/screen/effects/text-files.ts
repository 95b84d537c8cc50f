import { writeFile } from 'node:fs/promises';
import type { Store } from '../store.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Saves a text to a new file of this computer, for its user alone. Never throws: what goes wrong is told. */
export async function saveText(store: Store, env: Env, { path, text }: { path: string; text: string }): Promise<void> {
  const home = env['HOME'];
  const place = path.startsWith('~/') && home ? `${home}${path.slice(1)}` : path;
  try {
    await writeFile(place, text, { flag: 'wx', mode: 0o600 });
    store.dispatch({ type: 'notice', kind: 'good', text: `Saved ${text.split('\n').length - 1} lines to ${place}` });
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException; // of node:fs
    const reason = code === 'EEXIST' ? 'there is such a file already' : code;
    store.dispatch({ type: 'notice', kind: 'bad', text: `Cannot save to ${place}: ${reason}` });
  }
}

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cacheDirectory } from './cache-directory.ts';

/** A file that has been parsed before: its text, and what the text means. */
interface Parsed {
  readonly text: string;
  readonly value: unknown;
}

/**
 * What `text` means: as `parse` says, or as it said the last time. Every command reads the settings, they change seldom,
 * and the parser of YAML takes a fifth of a command's time to load. Compared is the whole text, so nothing can be stale.
 */
export async function parsedOnce<Value>(
  env: Readonly<Record<string, string | undefined>>,
  text: string,
  parse: () => Promise<Value>,
): Promise<Value> {
  const directory = cacheDirectory(env);
  if (directory === undefined) return await parse();
  const path = `${directory}/settings.json`;
  const before = read(path);
  if (before?.text === text) return before.value as Value; // written below, in a place that is this user's alone
  const value = await parse();
  remember(path, { text, value });
  return value;
}

function read(path: string): Parsed | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Parsed;
  } catch {
    return undefined; // none yet, or half of one
  }
}

/** As good as it can: without it, the text is parsed the next time, too. */
function remember(path: string, parsed: Parsed): void {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, JSON.stringify(parsed), { mode: 0o600 });
    renameSync(draft, path);
  } catch {
    rmSync(draft, { force: true });
  }
}

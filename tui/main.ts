/**
 * The command line. Reads the arguments and the environment, exits with the command's code. It imports nothing but
 * Node's own modules before the compile cache is on: what is imported later starts from its compiled form.
 */
import { statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';

const othersMayWrite = 0o022;
const cache = compileCacheDirectory();
if (cache !== undefined) enableCompileCache(cache);
const [{ runProgram }, { ProcessTerminal }] = await Promise.all([
  import('./program.ts'),
  import('./terminal/process-terminal.ts'),
]);
process.exit(await runProgram(process.argv.slice(2), process.env, new ProcessTerminal()));

/**
 * `$XDG_CACHE_HOME/yurt`, or the same under the home directory. What lies there is run: only a place that belongs to
 * this user will do (`sudo` may keep the home of somebody else). https://nodejs.org/api/module.html#module-compile-cache
 */
function compileCacheDirectory(): string | undefined {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const base = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : HOME?.startsWith('/') ? `${HOME}/.cache` : undefined;
  if (base === undefined) return undefined;
  const place = [`${base}/yurt`, base, HOME ?? '/']
    .map((path) => statSync(path, { throwIfNoEntry: false }))
    .find(Boolean);
  if (place === undefined || place.uid !== process.geteuid?.() || (place.mode & othersMayWrite) !== 0) return undefined;
  return `${base}/yurt`;
}

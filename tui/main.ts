/**
 * The command line. Reads the arguments and the environment, exits with the command's code. It imports nothing but
 * Node's own modules before the compile cache is on: what is imported later starts from its compiled form.
 */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';

const othersMayWrite = 0o022;
const cache = compileCacheDirectory();
if (cache !== undefined) enableCompileCache(cache);
void import('./process.ts')
  .then(({ runHere }) => runHere(process.argv.slice(2), process.env))
  .then((code) => process.exit(code));

/**
 * `$XDG_CACHE_HOME/yurt`, or the same under the home directory. What lies there is run, so the way to it must belong to
 * this user alone: `sudo` may keep the home of somebody else. https://nodejs.org/api/module.html#module-compile-cache
 */
function compileCacheDirectory(): string | undefined {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const home = HOME?.startsWith('/') ? [HOME, `${HOME}/.cache`] : undefined;
  const way = XDG_CACHE_HOME?.startsWith('/') ? [XDG_CACHE_HOME] : home;
  if (way === undefined) return undefined;
  const directory = `${way.at(-1)}/yurt`;
  try {
    return [...way, directory].every(isOwn) ? directory : undefined;
  } catch {
    // Without a place to keep it, the code is compiled each time.
    return undefined;
  }
}

/** Makes the directory when there is none: Node would too, but its way of doing so never ends in places such as /proc. */
function isOwn(path: string): boolean {
  if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
  const { uid, mode } = statSync(path);
  return uid === process.geteuid?.() && (mode & othersMayWrite) === 0;
}

import { existsSync, mkdirSync, statSync } from 'node:fs';

const othersMayWrite = 0o022;

/**
 * `$XDG_CACHE_HOME/yurt`, or the same under the home directory. What lies there is run and believed, so the way to it
 * must belong to this user alone: `sudo` may keep the home of somebody else. Undefined where there is no such place.
 */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { XDG_CACHE_HOME, HOME } = env;
  try {
    if (XDG_CACHE_HOME?.startsWith('/')) return directoryIn([XDG_CACHE_HOME]);
    // A home is never made: that of some users is /nonexistent.
    return HOME?.startsWith('/') && existsSync(HOME) ? directoryIn([HOME, `${HOME}/.cache`]) : undefined;
  } catch {
    return undefined;
  }
}

function directoryIn(way: readonly string[]): string | undefined {
  const directory = `${way.at(-1)}/yurt`;
  return [...way, directory].every(isOwn) ? directory : undefined;
}

/** Makes the directory when there is none: Node would too, but its way of doing so never ends in places such as /proc. */
function isOwn(path: string): boolean {
  if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
  const { uid, mode } = statSync(path);
  return uid === process.geteuid?.() && (mode & othersMayWrite) === 0;
}

import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { errnoOf } from '../base/fault.ts';

/**
 * The directory for networks' files: `preferred`, or `fallback` when some directory above `preferred` is closed to
 * other users (a YURT_DIR inside a private directory, say). dnsmasq drops root and must still reach its hosts files.
 */
export async function networkDirectory(preferred: string, fallback: string): Promise<string> {
  return (await reachableByAll(dirname(preferred))) ? preferred : fallback;
}

/** Whether every directory that exists on the way to `path` may be searched by any user. */
async function reachableByAll(path: string): Promise<boolean> {
  const above = dirname(path);
  const [here, rest] = await Promise.all([searchable(path), above === path ? true : reachableByAll(above)]);
  return here && rest;
}

async function searchable(path: string): Promise<boolean> {
  try {
    return ((await stat(path)).mode & 0o001) !== 0;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true; // `makeReachable` will make it so
    throw error;
  }
}

/** Makes the directory and those above it that are missing, searchable by any user whatever the umask. */
export async function makeReachable(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o755 });
  if (first === undefined) return;
  let current = first;
  await chmod(current, 0o755);
  for (const part of relative(first, path)
    .split('/')
    .filter((name) => name !== '')) {
    current = join(current, part);
    await chmod(current, 0o755);
  }
}

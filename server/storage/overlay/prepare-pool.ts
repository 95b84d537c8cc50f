import { errnoOf, Fault } from '../../base/fault.ts';
import type { Log } from '../../base/log.ts';
import type { PoolDirectory } from '../pool-directory.ts';
import { attributesOf, places } from './layout.ts';

export interface PrepareDeps {
  readonly pool: PoolDirectory;
  readonly log: Log;
  readonly lock: (path: string) => Disposable | undefined;
  readonly probe: () => Promise<void>;
}

/** Version of everything below the pool's directory: 2 has snapshots, and roots without an image. */
const marker = { driver: 'overlay', version: 2 };
/** What becomes `version` by writing the marker anew: everything in such a pool means the same. */
const olderVersions: readonly unknown[] = [1];
const maxMarkerBytes = 4096;
/** What may be in a directory that becomes a pool. */
const harmless = new Set(['lock', 'lost+found', 'pool.json.new']);

/**
 * Takes a pool's directory for this server and makes what is missing in it; returns the lock. Faults: `in-use`, `invalid` for a
 * directory that holds something else, `unsupported` for one that a newer yurt made or whose file system cannot do it.
 */
export async function preparePool({ pool, log, lock, probe }: PrepareDeps): Promise<Disposable> {
  const directory = pool.path(places.pool);
  if ((await pool.attributes(places.pool)) === undefined) await pool.makeDirectory(places.pool, attributesOf.pool);
  const held = lock(pool.path(places.lock));
  if (held === undefined) throw new Fault('in-use', `Another server uses ${directory}`);
  try {
    const outdated = await checkMarker(pool, directory);
    await makeDirectories(pool);
    await unlessFull(probe, log);
    if (outdated) await pool.write(places.marker, `${JSON.stringify(marker)}\n`);
    return held;
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}

/** Whether the directory is not a pool yet, or one of an older version. */
async function checkMarker(pool: PoolDirectory, directory: string): Promise<boolean> {
  const text = await pool.read(places.marker, maxMarkerBytes);
  if (text === undefined) {
    const ours = new Set([...Object.keys(directories), ...harmless]);
    const foreign = (await pool.list(places.pool)).find((name) => !ours.has(name));
    if (foreign === undefined) return true;
    throw new Fault('invalid', `${directory} is not empty: it contains ${JSON.stringify(foreign.slice(0, 80))}`);
  }
  const { driver, version } = readMarker(text, directory);
  if (driver !== marker.driver)
    throw new Fault('invalid', `${directory} belongs to the driver ${JSON.stringify(driver)}`);
  if (olderVersions.includes(version)) return true;
  if (version !== marker.version) throw new Fault('unsupported', `${directory} was made by a newer yurt`);
  return false;
}

function readMarker(text: string, directory: string): { driver: unknown; version: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'driver' in value && 'version' in value) return value;
  } catch {
    // Said below.
  }
  throw new Fault('internal', `${directory}/${places.marker.join('/')} is damaged`);
}

const directories = {
  images: attributesOf.private,
  instances: attributesOf.instances,
  layers: attributesOf.private,
  snapshots: attributesOf.private,
  staging: attributesOf.private,
  trash: attributesOf.private,
} as const;

/** Also puts permissions right that somebody changed. */
async function makeDirectories(pool: PoolDirectory): Promise<void> {
  await pool.setAttributes(places.pool, attributesOf.pool);
  for (const [name, attributes] of Object.entries(directories)) {
    if ((await pool.attributes([name])) === undefined) await pool.makeDirectory([name], attributes);
    else await pool.setAttributes([name], attributes);
  }
}

/** What a full pool cannot prove it could do before: its instances must still start. */
async function unlessFull(probe: () => Promise<void>, log: Log): Promise<void> {
  try {
    await probe();
  } catch (error) {
    const full = ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');
    if (!full) throw error;
    log.warn({ err: error }, 'a storage pool is full');
  }
}

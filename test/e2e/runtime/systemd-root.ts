import { chmodSync, existsSync, lchownSync, lstatSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IdMap } from '../../../server/base/id-map.ts';
import { run, runChecked } from '../../../server/host/run.ts';

/** Kept from one test run to the next: building it takes half a minute. */
const cache = join(tmpdir(), 'yurt-test-debian-12.tar');

/** A minimal Debian 12 with systemd, its files belonging to the ids of the map. */
export async function makeSystemdRoot(directory: string, idMap: IdMap): Promise<void> {
  if (!existsSync(cache)) {
    const packages = 'systemd,systemd-sysv,dbus,libpam-systemd,udev';
    const partial = `${cache}.${process.pid}.tar`;
    await runChecked(run, ['mmdebstrap', '--quiet', '--variant=minbase', `--include=${packages}`, 'bookworm', partial]);
    renameSync(partial, cache);
  }
  mkdirSync(directory, { recursive: true });
  await runChecked(run, ['tar', '-xf', cache, '-C', directory, '--exclude=./dev/*', '--numeric-owner']);
  shift(directory, idMap.hostBase);
}

function shift(path: string, base: number): void {
  const { uid, gid, mode } = lstatSync(path);
  lchownSync(path, base + uid, base + gid);
  const kind = lstatSync(path);
  if (!kind.isSymbolicLink()) chmodSync(path, mode & 0o7777); // a change of owner takes setuid away
  if (kind.isDirectory()) for (const name of readdirSync(path)) shift(join(path, name), base);
}

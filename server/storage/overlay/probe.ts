import { randomUUID } from 'node:crypto';
import { lstat, readdir, statfs, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../base/fault.ts';
import type { MappedBind, Mounts } from '../../host/mounts.ts';
import type { UserNamespaces } from '../../host/user-namespaces.ts';
import type { PoolDirectory } from '../pool-directory.ts';
import { attributesOf, places } from './layout.ts';
import { overlayOptions } from './mount-options.ts';

export interface ProbeDeps {
  readonly pool: PoolDirectory;
  readonly mounts: Mounts;
  readonly namespaces: Pick<UserNamespaces, 'open'>;
}

/** Any ids but the host's own: nothing that the probe makes outlives it. */
const probeBase = 1_000_000;
const probeSize = 65_536;
/** With `volatile` the kernel does not write out the whole file system when it is unmounted; nothing of this is to last. */
const options = [...overlayOptions, 'volatile'];
/** Magic numbers of file systems, statfs(2), for the message. */
const fileSystems: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlay',
  26985: 'nfs',
  801189825: 'zfs',
};

/**
 * Makes one root on the pool's file system and uses it, which says more than any list of what it is: ids shown shifted, names with
 * types (xfs needs ftype=1), whiteouts, an upper that can be written to. Fault `unsupported` names what is missing.
 */
export async function probeFileSystem({ pool, mounts, namespaces }: ProbeDeps): Promise<void> {
  const place = places.staged(randomUUID());
  const parts = { image: 'image', diff: 'diff', work: 'work', root: 'root', lower: 'lower' };
  const path = (part: string) => pool.path([...place, part]);
  await pool.makeDirectory(place, attributesOf.private);
  try {
    for (const part of Object.values(parts)) await pool.makeDirectory([...place, part], attributesOf.private);
    await writeFile(join(path(parts.image), 'file'), 'text');
    const [entry] = await readdir(path(parts.image), { withFileTypes: true });
    if (entry?.isFile() !== true) throw await unsupported(pool, 'it does not keep the types of names (xfs: ftype=1)');
    using namespace = await namespaces.open({ inside: 0, outside: probeBase, size: probeSize });
    await using bind = await bindProbe(pool, mounts, path(parts.image), path(parts.lower), namespace.fd);
    const upper = { diff: path(parts.diff), work: path(parts.work) };
    const request = { label: 'yurt', lower: [bind.path], upper };
    await mountProbe(pool, mounts, { ...request, target: path(parts.root), options, devices: false });
    try {
      await tryRoot(pool, path(parts.root));
    } finally {
      await (await mounts.unmount(path(parts.root))).settled;
    }
  } finally {
    await pool.removeTree(place, new AbortController().signal);
  }
}

async function bindProbe(
  pool: PoolDirectory,
  mounts: Mounts,
  ...[source, target, namespaceFd]: Parameters<Mounts['bindMapped']>
): Promise<MappedBind> {
  try {
    return await mounts.bindMapped(source, target, namespaceFd);
  } catch (error) {
    if (Fault.from(error).code !== 'unsupported') throw error;
    throw await unsupported(pool, 'it cannot show files with other ids (idmapped mount)', error);
  }
}

async function mountProbe(
  pool: PoolDirectory,
  mounts: Mounts,
  request: Parameters<Mounts['overlay']>[0],
): Promise<void> {
  try {
    await mounts.overlay(request);
  } catch (error) {
    if (Fault.from(error).code !== 'invalid') throw error;
    throw await unsupported(pool, 'it cannot be the writable layer of an overlay', error);
  }
}

async function tryRoot(pool: PoolDirectory, root: string): Promise<void> {
  const file = join(root, 'file');
  const { uid, gid } = await lstat(file);
  if (uid !== probeBase || gid !== probeBase) throw await unsupported(pool, 'ids are not shown shifted');
  try {
    await unlink(file);
  } catch (error) {
    if (Fault.from(error).code === 'exhausted') throw error;
    throw await unsupported(pool, 'files of an image cannot be removed from a root on it', error);
  }
  if ((await readdir(root)).length > 0) throw await unsupported(pool, 'files removed from a root stay visible');
}

async function unsupported(pool: PoolDirectory, reason: string, cause?: unknown): Promise<Fault> {
  const directory = pool.path(places.pool);
  const { type } = await statfs(directory);
  const name = fileSystems[type] ?? `of type 0x${type.toString(16)}`;
  const advice = 'put the pool on ext4, xfs or btrfs';
  return new Fault(
    'unsupported',
    `The file system of ${directory} (${name}) cannot carry roots, ${reason}: ${advice}`,
    {
      cause,
    },
  );
}

import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, runChecked } from '../../../server/host/run.ts';

export type FileSystemType = 'ext4' | 'xfs' | 'btrfs';

/** A new file system in a file, mounted. Disposing of it unmounts and removes both. */
export interface LoopFileSystem extends AsyncDisposable {
  /** Where it is mounted; only root can pass through the directory above. */
  readonly directory: string;
}

const megabyte = 1024 * 1024;

export async function loopFileSystem(
  type: FileSystemType | 'vfat' | 'tmpfs',
  sizeMegabytes = 512,
): Promise<LoopFileSystem> {
  const work = await mkdtemp(join(tmpdir(), 'yurt-storage-'));
  const file = join(work, 'disk');
  const directory = join(work, 'mnt');
  await mkdir(directory);
  // As /var/lib is: what keeps users out must be the pool's own directories.
  await runChecked(run, ['chmod', '711', work]);
  if (type === 'tmpfs') {
    await runChecked(run, ['mount', '-t', 'tmpfs', '-o', `size=${sizeMegabytes}m`, 'yurt-test', directory]);
  } else {
    await using disk = await open(file, 'wx');
    await disk.truncate(sizeMegabytes * megabyte);
    await runChecked(run, [`mkfs.${type}`, ...(type === 'ext4' ? ['-q'] : ['-q', '-f']), file]);
    await runChecked(run, ['mount', '-o', 'loop', file, directory]);
  }
  const remove = async () => {
    await runChecked(run, ['umount', directory]);
    await rm(work, { recursive: true });
  };
  return { directory, [Symbol.asyncDispose]: remove };
}

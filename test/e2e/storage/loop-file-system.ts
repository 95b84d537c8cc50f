import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, runChecked } from '../../../server/host/run.ts';

export type FileSystemType = 'ext4' | 'xfs' | 'btrfs';

/** A new file system in a file, mounted. Disposing of it unmounts and removes both. */
export interface LoopFileSystem extends AsyncDisposable {
  /** Where it is mounted. */
  readonly directory: string;
}

const megabyte = 1024 * 1024;

export async function loopFileSystem(type: FileSystemType, sizeMegabytes = 512): Promise<LoopFileSystem> {
  const work = await mkdtemp(join(tmpdir(), 'yurt-storage-'));
  const file = join(work, 'disk');
  const directory = join(work, 'mnt');
  await mkdir(directory);
  // As /var/lib is: what keeps users out must be the pool's own directories.
  await chmod(work, 0o711);
  try {
    await writeFile(file, '', { flag: 'wx' });
    await truncate(file, sizeMegabytes * megabyte);
    await runChecked(run, [`mkfs.${type}`, ...(type === 'ext4' ? ['-q'] : ['-q', '-f']), file]);
    await runChecked(run, ['mount', '-o', 'loop', file, directory]);
  } catch (error) {
    await rm(work, { recursive: true });
    throw error;
  }
  const remove = async () => {
    await runChecked(run, ['umount', directory]);
    await rm(work, { recursive: true });
  };
  return { directory, [Symbol.asyncDispose]: remove };
}

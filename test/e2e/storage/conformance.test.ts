import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { UserNamespaces } from '../../../server/host/user-namespaces.ts';
import { type PoolUnderTest, storageConformance } from '../../../server/storage/conformance.ts';
import { storageFailureConformance } from '../../../server/storage/conformance-failures.ts';
import { hostPool } from './host-pool.ts';
import { type FileSystemType, type LoopFileSystem, loopFileSystem } from './loop-file-system.ts';

for (const type of ['ext4', 'xfs', 'btrfs'] as const satisfies FileSystemType[]) {
  describe(`on ${type}`, () => {
    const namespaces = new UserNamespaces();
    let disk: LoopFileSystem;

    before(async () => {
      disk = await loopFileSystem(type);
    });
    after(async () => {
      namespaces[Symbol.dispose]();
      await disk[Symbol.asyncDispose]();
    });

    const newPool = async (): Promise<PoolUnderTest> => {
      const source = join(disk.directory, randomUUID());
      await mkdir(source);
      return hostPool(source, namespaces);
    };
    storageConformance(`overlay on ${type}`, newPool);
    // Which step fails does not depend on the file system: once is enough.
    if (type === 'ext4') storageFailureConformance(`overlay on ${type}`, newPool);
  });
}

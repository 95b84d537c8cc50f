import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Fault } from '../../../server/base/fault.ts';
import { run, runChecked } from '../../../server/host/run.ts';
import { UserNamespaces } from '../../../server/host/user-namespaces.ts';
import { fingerprint, idMap, isFault, task } from '../../../server/storage/conformance.ts';
import { hostPool } from './host-pool.ts';
import { loopFileSystem } from './loop-file-system.ts';

describe('the directory of a pool', () => {
  const namespaces = new UserNamespaces();
  after(() => namespaces[Symbol.dispose]());

  it('that is full leaves nothing of an image that does not fit, and says so', async () => {
    await using disk = await loopFileSystem('ext4', 24);
    await using pool = hostPool(join(disk.directory, 'pool'), namespaces);
    const driver = pool.driver();
    await driver.open(task);
    const fillUp = async (directory: string) => {
      for (let count = 0; count < 64; count += 1)
        await writeFile(join(directory, `${count}`), Buffer.alloc(2 ** 20, 'x'));
    };
    const free = await driver.poolUsage();
    await assert.rejects(driver.createImage(task, fingerprint, fillUp), (error: unknown) => {
      assert.ok(error instanceof Fault);
      assert.equal(error.code, 'exhausted');
      assert.match(error.message, /storage pool "default".*No space left/);
      return true;
    });
    assert.deepEqual(await pool.residue(), []);
    assert.ok((await driver.poolUsage()).usedBytes - free.usedBytes < 2 ** 20);
    await driver.createImage(task, fingerprint, pool.fill);
    await driver.close();
  });

  it('that is full still mounts the roots that are there', async () => {
    await using disk = await loopFileSystem('ext4', 24);
    await using pool = hostPool(join(disk.directory, 'pool'), namespaces);
    const id = '00000000-0000-4000-8000-000000000000';
    const first = pool.driver();
    await first.open(task);
    await first.createImage(task, fingerprint, pool.fill);
    await first.createInstance(task, id, fingerprint, idMap);
    const { path } = await first.mountInstance(task, id, idMap);
    await first.unmountInstance(id);
    await first.settled();
    await first.close();
    await assert.rejects(writeFile(join(disk.directory, 'filler'), Buffer.alloc(64 * 2 ** 20, 'x')), {
      code: 'ENOSPC',
    });
    const second = pool.driver();
    await second.open(task);
    await second.mountInstance(task, id, idMap);
    assert.ok((await lstat(join(path, 'bin/busybox'))).isFile());
    await second.unmountInstance(id);
    await second.settled();
    await second.close();
  });

  it('on a file system that cannot carry roots is refused with the reason', async () => {
    await using disk = await loopFileSystem('ext4', 24);
    const parts = ['ram', 'lower', 'upper', 'work', 'overlay'];
    const [ram = '', lower, upper, work, overlay = ''] = parts.map((name) => join(disk.directory, name));
    for (const part of parts) await mkdir(join(disk.directory, part));
    await refusesMount(ram, /0x858458f6.*other ids/, ['ramfs', 'none']);
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    await refusesMount(overlay, /overlay.*other ids/, ['overlay', '-o', options, 'none']);
  });

  async function refusesMount(directory: string, reason: RegExp, mount: readonly string[]): Promise<void> {
    await runChecked(run, ['mount', '-t', ...mount, directory]);
    try {
      await using pool = hostPool(join(directory, 'pool'), namespaces);
      await assert.rejects(pool.driver().open(task), (error: unknown) => {
        assert.ok(error instanceof Fault);
        assert.equal(error.code, 'unsupported');
        assert.match(error.message, reason);
        assert.match(error.message, /put the pool on ext4, xfs or btrfs/);
        return true;
      });
    } finally {
      await runChecked(run, ['umount', directory]);
    }
  }

  it('keeps other users out, also after somebody changed its permissions', async () => {
    await using disk = await loopFileSystem('ext4', 24);
    await using pool = hostPool(join(disk.directory, 'pool'), namespaces);
    const first = pool.driver();
    await first.open(task);
    await first.close();
    const modes = { '.': 0o711, images: 0o700, layers: 0o700, instances: 0o711, staging: 0o700, trash: 0o700 };
    for (const name of Object.keys(modes)) await chmod(join(disk.directory, 'pool', name), 0o777);
    const second = pool.driver();
    await second.open(task);
    for (const [name, mode] of Object.entries(modes)) {
      assert.equal((await lstat(join(disk.directory, 'pool', name))).mode & 0o7777, mode, name);
    }
    await second.close();
  });

  it('may not hold something else', async () => {
    await using disk = await loopFileSystem('ext4', 24);
    const source = join(disk.directory, 'pool');
    await mkdir(source);
    await writeFile(join(source, 'letters.txt'), 'Dear …');
    await using pool = hostPool(source, namespaces);
    await assert.rejects(pool.driver().open(task), isFault('invalid'));
  });

  it('of a newer version is left alone', async () => {
    await using disk = await loopFileSystem('ext4', 24);
    const source = join(disk.directory, 'pool');
    await mkdir(source);
    await writeFile(join(source, 'pool.json'), '{"driver":"overlay","version":1000}');
    await using pool = hostPool(source, namespaces);
    await assert.rejects(pool.driver().open(task), isFault('unsupported'));
  });
});

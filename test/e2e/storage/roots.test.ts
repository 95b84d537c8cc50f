import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  chmod,
  chown,
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type RunResult, run, runChecked } from '../../../server/host/run.ts';
import { UserNamespaces } from '../../../server/host/user-namespaces.ts';
import { fingerprint, idMap, isFault, otherIdMap, task } from '../../../server/storage/conformance.ts';
import type { OverlayDriver } from '../../../server/storage/overlay/overlay-driver.ts';
import { maxDepth } from '../../../server/storage/overlay/volume.ts';
import { fillWithBusybox, hostPool } from './host-pool.ts';
import { type FileSystemType, type LoopFileSystem, loopFileSystem } from './loop-file-system.ts';

const nobody = 65_534;
/** A user of the instance. */
const ordinaryUser = 1000;

/** An image with everything that an id map or an overlay could get wrong. */
async function fill(directory: string): Promise<void> {
  await fillWithBusybox(directory);
  const at = (name: string) => join(directory, name);
  await writeFile(at('etc/secret'), 'secret\n', { mode: 0o600 });
  await writeFile(at('etc/user'), 'of a user\n');
  await chown(at('etc/user'), ordinaryUser, ordinaryUser);
  await writeFile(at('etc/one'), 'linked\n');
  await link(at('etc/one'), at('etc/two'));
  await mkdir(at('srv'));
  await writeFile(at('srv/file'), 'deep\n');
  await runChecked(run, ['mknod', '--mode=666', at('etc/zero'), 'c', '1', '5']);
  for (const name of ['cat', 'cat-setuid', 'cat-capable'])
    await copyWithLibraries('/bin/cat', directory, `bin/${name}`);
  await chmod(at('bin/cat-setuid'), 0o4755);
  await runChecked(run, ['setcap', 'cap_dac_override+ep', at('bin/cat-capable')]);
}

/** A dynamic program, since busybox gives up what set-id bits give it. */
async function copyWithLibraries(program: string, root: string, name: string): Promise<void> {
  await copyFile(program, join(root, name));
  const { stdout } = await runChecked(run, ['ldd', program]);
  for (const [library] of stdout.matchAll(/\/\S+/g)) {
    await mkdir(join(root, library, '..'), { recursive: true });
    await copyFile(library, join(root, library));
  }
}

for (const type of ['ext4', 'xfs', 'btrfs'] as const satisfies FileSystemType[]) {
  describe(`roots on ${type}`, () => {
    const namespaces = new UserNamespaces();
    let disk: LoopFileSystem;
    let driver: OverlayDriver;
    let source: string;
    let id: string;
    let path: string;

    before(async () => {
      disk = await loopFileSystem(type);
      source = join(disk.directory, 'pool');
      driver = hostPool(source, namespaces).driver();
      await driver.open(task);
      await driver.createImage(task, fingerprint, fill);
    });
    after(async () => {
      await driver.close();
      namespaces[Symbol.dispose]();
      await disk[Symbol.asyncDispose]();
    });
    beforeEach(async () => {
      if (id !== undefined) {
        await driver.unmountInstance(id);
        await driver.deleteInstance(task, id);
        await driver.settled();
      }
      id = randomUUID();
      await driver.createInstance(task, id, fingerprint, idMap);
      ({ path } = await driver.mountInstance(task, id, idMap));
    });
    after(async () => {
      await driver.unmountInstance(id);
      await driver.deleteInstance(task, id);
      await driver.settled();
    });

    /** Runs a program of the root, in it, as one of its users. */
    async function inside(argv: readonly string[], user = 0, map = idMap): Promise<RunResult> {
      using namespace = await namespaces.open({ inside: 0, outside: map.hostBase, size: map.size });
      const enter = ['nsenter', '--user=/proc/self/fd/3', 'chroot', `--userspec=${user}:${user}`, path, ...argv];
      return await run(enter, { fds: [namespace.fd] });
    }

    async function remount(map = idMap): Promise<void> {
      await driver.unmountInstance(id);
      ({ path } = await driver.mountInstance(task, id, map));
    }

    it('belong to their own ids: outside shifted, inside as in the image', async () => {
      const { uid, gid, mode } = await lstat(path);
      assert.deepEqual({ uid, gid, mode: mode & 0o7777 }, { uid: idMap.hostBase, gid: idMap.hostBase, mode: 0o755 });
      assert.equal((await lstat(join(path, 'etc/user'))).uid, idMap.hostBase + ordinaryUser);
      const { stdout } = await inside(['/bin/busybox', 'stat', '-c', '%n %u %g', '/', '/etc/hostname', '/etc/user']);
      assert.equal(stdout, '/ 0 0\n/etc/hostname 0 0\n/etc/user 1000 1000\n');
    });

    it('store what their root and users write with shifted ids', async () => {
      const written = await inside(['/bin/busybox', 'sh', '-c', 'echo new >/etc/new; echo more >>/etc/hostname']);
      assert.equal(written.exitCode, 0, written.stderr);
      assert.equal((await inside(['/bin/busybox', 'touch', '/tmp/mine'], ordinaryUser)).exitCode, 0);
      const [layer = ''] = await readdir(join(source, 'layers'));
      const stored = async (name: string) => (await lstat(join(source, 'layers', layer, 'diff', name))).uid;
      assert.equal(await stored('etc/new'), idMap.hostBase);
      assert.equal(await stored('etc/hostname'), idMap.hostBase);
      assert.equal(await stored('tmp/mine'), idMap.hostBase + ordinaryUser);
      const inImage = join(source, 'images', fingerprint, 'rootfs/etc/hostname');
      assert.equal(await readFile(inImage, 'utf8'), 'image\n');
      assert.equal((await lstat(inImage)).uid, 0);
    });

    it('honour set-id bits and file capabilities inside, also after a copy up', async () => {
      const read = async (program: string) => (await inside([`/bin/${program}`, '/etc/secret'], ordinaryUser)).stdout;
      const expectAll = async () => {
        assert.equal(await read('cat'), '');
        assert.equal(await read('cat-setuid'), 'secret\n');
        assert.equal(await read('cat-capable'), 'secret\n');
      };
      await expectAll();
      const touched = await inside(['/bin/busybox', 'touch', '/bin/cat-setuid', '/bin/cat-capable']);
      assert.equal(touched.exitCode, 0, touched.stderr);
      await expectAll();
      await remount();
      await expectAll();
    });

    it('keep hard links of the image when one of the names is written to', async () => {
      assert.equal((await inside(['/bin/busybox', 'sh', '-c', 'echo more >>/etc/one'])).exitCode, 0);
      assert.equal(await readFile(join(path, 'etc/two'), 'utf8'), 'linked\nmore\n');
      const [one, two] = await Promise.all(['one', 'two'].map((name) => lstat(join(path, 'etc', name))));
      assert.deepEqual([one?.ino, one?.nlink], [two?.ino, 2]);
    });

    it('keep hard links of the image, written to through one name, over a snapshot', async () => {
      assert.equal((await inside(['/bin/busybox', 'sh', '-c', 'echo more >>/etc/one'])).exitCode, 0);
      await driver.unmountInstance(id);
      const snapshot = randomUUID();
      await driver.createSnapshot(task, snapshot, { id });
      for (const restored of [false, true]) {
        if (restored) await driver.restoreSnapshot(task, id, snapshot, idMap);
        ({ path } = await driver.mountInstance(task, id, idMap));
        assert.equal(await readFile(join(path, 'etc/two'), 'utf8'), 'linked\nmore\n');
        await driver.unmountInstance(id);
      }
      await driver.deleteSnapshot(task, snapshot);
      ({ path } = await driver.mountInstance(task, id, idMap));
    });

    it('forget removed files, and only for themselves', async () => {
      assert.equal((await inside(['/bin/busybox', 'rm', '-r', '/srv', '/etc/user'])).exitCode, 0);
      await remount();
      await assert.rejects(lstat(join(path, 'srv')));
      assert.equal((await readdir(join(path, 'etc'))).includes('user'), false);
      const other = randomUUID();
      await driver.createInstance(task, other, fingerprint, otherIdMap);
      const mounted = await driver.mountInstance(task, other, otherIdMap);
      assert.equal(await readFile(join(mounted.path, 'srv/file'), 'utf8'), 'deep\n');
      assert.equal((await lstat(join(mounted.path, 'srv/file'))).uid, otherIdMap.hostBase);
      await driver.unmountInstance(other);
      await driver.deleteInstance(task, other);
    });

    it('let directories of the image be renamed', async () => {
      await rename(join(path, 'srv'), join(path, 'moved'));
      await remount();
      assert.equal(await readFile(join(path, 'moved/file'), 'utf8'), 'deep\n');
    });

    it('keep the attributes that users give to files', async () => {
      await runChecked(run, ['setfattr', '-n', 'user.colour', '-v', 'blue', join(path, 'etc/hostname')]);
      await remount();
      const argv = ['getfattr', '--only-values', '--absolute-names', '-n', 'user.colour', join(path, 'etc/hostname')];
      assert.equal((await runChecked(run, argv)).stdout, 'blue');
    });

    it('have no use for device nodes of the image', async () => {
      assert.equal((await lstat(join(path, 'etc/zero'))).isCharacterDevice(), true);
      const { exitCode, stderr } = await inside(['/bin/busybox', 'head', '-c', '1', '/etc/zero']);
      assert.notEqual(exitCode, 0);
      assert.match(stderr, /Permission denied/);
    });

    it('are out of reach for users of the host', async () => {
      for (const place of [path, join(source, 'images', fingerprint, 'rootfs'), join(source, 'layers')]) {
        const as = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
        const { exitCode, stderr } = await run(['setpriv', ...as, '/bin/cat', join(place, 'bin/cat-setuid')]);
        assert.equal(exitCode, 1);
        assert.match(stderr, /Permission denied/);
      }
    });

    it('are not shared with other mount namespaces', async () => {
      const line = (await readFile('/proc/self/mountinfo', 'utf8'))
        .split('\n')
        .find((each) => each.includes(` ${path} `));
      assert.ok(line !== undefined);
      assert.doesNotMatch(line, /shared:|master:/);
      assert.doesNotMatch(line.split(' ')[5] ?? '', /nosuid/);
    });

    it('wait for other mount namespaces that still have a copy', async () => {
      const other = spawn('unshare', ['--mount', '--propagation', 'private', 'cat']);
      other.stdin.write('x');
      await once(other.stdout, 'data');
      await driver.unmountInstance(id);
      const controller = new AbortController();
      const canceled = driver.mountInstance({ ...task, signal: controller.signal }, id, idMap);
      controller.abort();
      await assert.rejects(canceled, isFault('canceled'));
      const mounting = driver.mountInstance(task, id, idMap);
      assert.equal(await Promise.race([mounting, driver.poolUsage().then(() => 'waiting')]), 'waiting');
      other.kill('SIGKILL');
      ({ path } = await mounting);
      assert.ok((await lstat(join(path, 'bin/busybox'))).isFile());
    });

    it('are measured by what they wrote', async () => {
      const before = (await driver.instanceUsage(id)).usedBytes;
      await writeFile(join(path, 'data'), Buffer.alloc(4 * 1024 * 1024, 'x'), { flush: true });
      const { usedBytes } = await driver.instanceUsage(id);
      assert.ok(before < 1024 * 1024, `${before}`);
      assert.ok(usedBytes - before >= 4 * 1024 * 1024 && usedBytes - before < 6 * 1024 * 1024, `${usedBytes - before}`);
    });

    it('take other ids in constant time, with what was written before', async () => {
      assert.equal((await inside(['/bin/busybox', 'sh', '-c', 'echo old >/etc/old; rm /etc/user'])).exitCode, 0);
      await remount(otherIdMap);
      assert.equal((await lstat(path)).uid, otherIdMap.hostBase);
      assert.equal((await lstat(join(path, 'etc/old'))).uid, otherIdMap.hostBase);
      const script = 'echo more >>/etc/old; echo new >/etc/new; stat -c %u /etc/old; cat /etc/old; ls /etc/user';
      const { stdout } = await inside(['/bin/busybox', 'sh', '-c', script], 0, otherIdMap);
      assert.equal(stdout, '0\nold\nmore\n');
      await remount(idMap);
      assert.equal((await lstat(join(path, 'etc/new'))).uid, idMap.hostBase);
      const again = await inside(['/bin/busybox', 'sh', '-c', script]);
      assert.equal(again.stdout, '0\nold\nmore\nmore\n');
    });

    it('go on after the pool was copied', async () => {
      assert.equal((await inside(['/bin/busybox', 'sh', '-c', 'echo kept >>/etc/one; rm /etc/user'])).exitCode, 0);
      await driver.unmountInstance(id);
      await driver.settled();
      const copied = join(disk.directory, 'copy');
      await runChecked(run, ['cp', '--archive', source, copied]);
      const other = hostPool(copied, namespaces).driver();
      await other.open(task);
      const mounted = await other.mountInstance(task, id, idMap);
      assert.equal(await readFile(join(mounted.path, 'etc/one'), 'utf8'), 'linked\nkept\n');
      await assert.rejects(lstat(join(mounted.path, 'etc/user')));
      await writeFile(join(mounted.path, 'etc/new'), 'new');
      await other.unmountInstance(id);
      await other.settled();
      await other.close();
      await runChecked(run, ['rm', '-rf', copied]);
    });

    it('are the same in a snapshot and a copy, whatever was removed, renamed or replaced', async () => {
      const shell = async (script: string) => {
        const { exitCode, stderr } = await inside(['/bin/busybox', 'sh', '-c', script]);
        assert.equal(exitCode, 0, stderr);
      };
      await shell('rm /etc/user; mv /srv /moved; echo more >>/moved/file; rm -r /tmp; mkdir /tmp; echo x >/tmp/x');
      const [whole, copy] = [randomUUID(), randomUUID()];
      // As of a running instance: the last layer is copied.
      await driver.createSnapshot(task, whole, { id, frozen: (work) => work() });
      await shell('echo later >/etc/later');
      await driver.unmountInstance(id);
      await driver.copyInstance(task, copy, { id: whole }, otherIdMap);
      const mounted = await driver.mountInstance(task, copy, otherIdMap);
      const has = async (name: string) => (await lstat(join(mounted.path, name)).catch(() => undefined)) !== undefined;
      assert.deepEqual(await Promise.all(['etc/user', 'srv', 'etc/later'].map(has)), [false, false, false]);
      assert.equal(await readFile(join(mounted.path, 'moved/file'), 'utf8'), 'deep\nmore\n');
      assert.deepEqual(await readdir(join(mounted.path, 'tmp')), ['x']);
      assert.equal((await lstat(join(mounted.path, 'tmp/x'))).uid, otherIdMap.hostBase);
      await driver.readSnapshot(task, whole, async (directory) => {
        assert.equal((await lstat(join(directory, 'tmp/x'))).uid, 0);
        await assert.rejects(writeFile(join(directory, 'new'), ''), { code: 'EROFS' });
      });
      await driver.unmountInstance(copy);
      await driver.deleteInstance(task, copy);
      await driver.deleteSnapshot(task, whole);
    });

    it('are written as one layer when snapshots have made too many', async () => {
      const snapshots: string[] = [];
      assert.equal((await inside(['/bin/busybox', 'sh', '-c', 'rm /etc/user; mv /srv /moved'])).exitCode, 0);
      for (let count = 0; count < maxDepth + 2; count += 1) {
        await writeFile(join(path, 'etc/count'), String(count));
        await driver.unmountInstance(id);
        const snapshot = randomUUID();
        await driver.createSnapshot(task, snapshot, { id });
        snapshots.push(snapshot);
        ({ path } = await driver.mountInstance(task, id, idMap));
      }
      const layers = JSON.parse(await readFile(join(source, 'instances', id, 'volume.json'), 'utf8')).layers.length;
      assert.ok(layers < 8, `${layers} layers`);
      assert.equal(await readFile(join(path, 'moved/file'), 'utf8'), 'deep\n');
      await assert.rejects(lstat(join(path, 'etc/user')));
      assert.equal((await lstat(join(path, 'etc/secret'))).uid, idMap.hostBase);
      assert.equal((await inside(['/bin/cat-capable', '/etc/secret'], ordinaryUser)).stdout, 'secret\n');
      await driver.unmountInstance(id);
      await driver.restoreSnapshot(task, id, snapshots[3] ?? '', idMap);
      ({ path } = await driver.mountInstance(task, id, idMap));
      assert.equal(await readFile(join(path, 'etc/count'), 'utf8'), '3');
      for (const snapshot of snapshots) await driver.deleteSnapshot(task, snapshot);
    });

    it('are deleted without following their links', async () => {
      const canary = join(disk.directory, 'canary');
      await mkdir(canary);
      await writeFile(join(canary, 'file'), 'alive');
      for (const target of [canary, join(canary, 'file'), '../../../../canary']) {
        await symlink(target, join(path, `link-${randomUUID()}`));
      }
      await driver.unmountInstance(id);
      await driver.deleteInstance(task, id);
      await driver.settled();
      assert.equal(await readFile(join(canary, 'file'), 'utf8'), 'alive');
      assert.deepEqual(await readdir(join(source, 'layers')), []);
      await runChecked(run, ['rm', '-r', canary]);
    });
  });
}

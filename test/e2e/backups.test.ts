import assert from 'node:assert/strict';
import { mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { tarTypes } from '../../server/images/tar-format.ts';
import { archive, entry, indexOf, indexText, inRoot, root } from '../fakes/backup-archive.ts';
import { Daemon } from './harness/daemon.ts';
import { template } from './harness/template.ts';

const timeout = 4 * 60_000;

describe('images of instances', { timeout: 15 * 60_000 }, () => {
  let yurt: Daemon;

  before(async () => {
    yurt = await Daemon.start(await template('tiny'));
    await yurt.ok('launch', 'tiny', 'web');
    const script = `cd /root; echo one > file; ln file hard; ln -s /etc/shadow soft; mkdir -m 1777 dir; chown 33:44 dir
      chmod 4755 file; mkfifo pipe; touch "$(printf 'odd\\nname')"`;
    await sh('web', script);
  });
  after(async () => await yurt[Symbol.asyncDispose]());

  const sh = async (name: string, script: string) => (await yurt.ok('exec', name, '--', 'sh', '-c', script)).trim();
  const state = async (name: string) => (await yurt.ok('list', `^${name}$`, '-f', 'csv', '-c', 's')).trim();
  const fingerprints = async () => (await yurt.ok('image', 'list', '-f', 'csv')).trim().split('\n').length;
  const failure = async (...args: string[]) => {
    const { exitCode, stderr } = await yurt.yurt(args);
    assert.notEqual(exitCode, 0, args.join(' '));
    return stderr;
  };

  it('refuse a running one, unless it may be killed, and then it runs again', { timeout }, async () => {
    assert.match(await failure('publish', 'web'), /currently running, stop it first or pass --force/);
    const before = await fingerprints();
    await yurt.ok('publish', 'web', '--force', '--alias', 'made', 'description=Made of web', 'os=Mine');
    assert.equal(await state('web'), 'RUNNING');
    assert.equal(await fingerprints(), before + 1);
    assert.match(await yurt.ok('image', 'info', 'made'), /Made of web/);
    assert.equal((await yurt.ok('snapshot', 'list', 'web', '-f', 'csv')).trim(), '');
  });

  it('launch as systems with the same files, owners and links', { timeout }, async () => {
    await yurt.ok('launch', 'made', 'two');
    const look = 'cd /root; cat file hard; stat -c "%n %a %u %g %h %F" file dir soft pipe; readlink soft; ls odd*';
    const seen = await sh('two', look);
    assert.equal(seen, await sh('web', look));
    assert.match(seen, /file 4755 0 0 2 regular file\ndir 1777 33 44 2 directory/);
    assert.equal((await yurt.ok('config', 'get', 'two', 'image.os')).trim(), 'Mine');
  });

  it('are made of snapshots of running ones, and take the aliases of others only when told', { timeout }, async () => {
    await yurt.ok('snapshot', 'web', 'before');
    await sh('web', 'echo two > /root/file');
    const count = await fingerprints();
    assert.match(await failure('publish', 'web/before', '--alias', 'made'), /Image alias "made" exists already/);
    await yurt.ok('publish', 'web/before', '--alias', 'made', '--reuse');
    assert.equal(await fingerprints(), count, 'the one that lost its name is gone');
    await yurt.ok('launch', 'made', 'three');
    assert.equal(await sh('three', 'cat /root/file'), 'one');
    await yurt.ok('delete', '--force', 'three', 'two');
  });
});

const index = indexOf(indexText);

describe('backups of instances', { timeout: 15 * 60_000 }, () => {
  let yurt: Daemon;

  before(async () => {
    yurt = await Daemon.start(await template('tiny'));
    await yurt.ok('launch', 'tiny', 'web', '-c', 'user.colour=blue');
    await sh(
      'web',
      'cd /root; echo one > file; ln -s /etc/shadow soft; mkdir -m 1777 dir; chown 33:44 dir; chmod 4755 file',
    );
    // More than any disk of a test has.
    await sh(
      'web',
      'cd /root; echo data | dd of=holes bs=1M seek=100 2>&1; dd if=/dev/zero of=holes bs=1 count=0 seek=4096G',
    );
    await yurt.ok('snapshot', 'web', 'before');
    await sh('web', 'echo two > /root/second');
    await yurt.ok('stop', '--force', 'web');
  });
  after(async () => await yurt[Symbol.asyncDispose]());

  const sh = async (name: string, script: string) => (await yurt.ok('exec', name, '--', 'sh', '-c', script)).trim();
  const list = async () => (await yurt.ok('list', '-f', 'csv', '-c', 'nsS')).trim();

  it('bring back a deleted one with data, owners and snapshots', { timeout }, async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'yurt-backups-'));
    const file = join(directory.path, 'web.tar.gz');
    await yurt.ok('export', 'web', file);
    assert.deepEqual(await readdir(directory.path), ['web.tar.gz']);
    const taken = await yurt.yurt(['import', file]);
    assert.match(taken.stderr, /Instance "web" already exists/);
    await yurt.ok('delete', 'web');
    await yurt.ok('import', file);
    assert.equal(await list(), 'web,STOPPED,1');
    assert.equal((await yurt.ok('config', 'get', 'web', 'user.colour')).trim(), 'blue');
    await yurt.ok('start', 'web');
    const look = 'cd /root; cat file; stat -c "%n %a %u %g" file dir; readlink soft; cat second 2>&1';
    assert.equal(await sh('web', look), 'one\nfile 4755 0 0\ndir 1777 33 44\n/etc/shadow\ntwo');
    const holes = 'cd /root; stat -c "%s" holes; dd if=holes bs=1M skip=100 count=1 2>/dev/null | head -1; du -k holes';
    assert.match(await sh('web', holes), /^4398046511104\ndata\n\d{1,2}\s+holes$/);
    await yurt.ok('restore', 'web', 'before');
    assert.match(await sh('web', holes), /^4398046511104\ndata\n\d{1,2}\s+holes$/);
    assert.equal(await sh('web', 'cat /root/file; ls /root/second 2>/dev/null | wc -l'), 'one\n0');
    await yurt.ok('export', 'web', join(directory.path, 'running.tar.zst'), '--compression', 'zstd', '--instance-only');
    await yurt.ok('import', join(directory.path, 'running.tar.zst'), 'twin');
    await yurt.ok('start', 'twin');
    const facts = async (name: string) => await sh(name, 'head -1 /proc/self/uid_map; cat /sys/class/net/eth0/address');
    assert.notEqual(await facts('twin'), await facts('web'));
    await yurt.ok('delete', '--force', 'twin');
  });

  it('that are hostile are refused, and leave nothing', { timeout }, async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'yurt-backups-'));
    const before = await list();
    const hugeIndex = entry('backup/index.yaml', tarTypes.file, { sizeBytes: 2 ** 31 });
    const wrong: [readonly Uint8Array[], RegExp][] = [
      [
        [
          index,
          root,
          entry(inRoot('a'), tarTypes.symbolicLink, { linkName: '/' }),
          entry(inRoot('a/canary'), tarTypes.file),
        ],
        /not a directory/,
      ],
      [[index, root, entry(inRoot('a'), tarTypes.hardLink, { linkName: '/etc/shadow' })], /absolute/],
      [[index, root, entry(inRoot('../../../../canary'), tarTypes.file)], /leads out/],
      [
        [index, entry('backup/container/rootfs', tarTypes.symbolicLink, { linkName: '/etc' })],
        /rootfs is not a directory/,
      ],
      [[index, entry('backup/snapshots/../rootfs/')], /leads out/],
      [[hugeIndex], /index is too large/],
      [[index], /no root of the instance/],
    ];
    for (const [parts, message] of wrong) {
      const file = join(directory.path, 'evil.tar');
      await writeFile(file, archive(...parts));
      const { exitCode, stderr } = await yurt.yurt(['import', file]);
      assert.notEqual(exitCode, 0);
      assert.match(stderr, message);
      assert.equal(await list(), before);
    }
    await writeFile(join(directory.path, 'node.tar'), archive(index, root, entry(inRoot('sda'), tarTypes.blockDevice)));
    await yurt.ok('import', join(directory.path, 'node.tar'));
    await yurt.ok('file', 'list', 'evil/');
    await yurt.ok('delete', 'evil');
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { eventually } from '../harness/eventually.ts';
import { template } from '../harness/template.ts';

const timeout = 4 * 60_000;

describe('snapshots and copies of instances', { timeout: 20 * 60_000 }, () => {
  let yurt: Daemon;

  before(async () => {
    yurt = await Daemon.start(await template('tiny'));
    await yurt.ok('launch', 'tiny', 'web');
  });
  after(async () => await yurt[Symbol.asyncDispose]());

  const sh = async (name: string, script: string) => (await yurt.ok('exec', name, '--', 'sh', '-c', script)).trim();
  const state = async (name: string) => (await yurt.ok('list', `^${name}$`, '-f', 'csv', '-c', 's')).trim();
  const names = async (name: string) =>
    (await yurt.ok('snapshot', 'list', name, '-f', 'csv'))
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(',')[0]);
  const failure = async (...args: string[]) => {
    const { exitCode, stderr } = await yurt.yurt(args);
    assert.notEqual(exitCode, 0, args.join(' '));
    return stderr;
  };

  it('of a running instance keep everything that it has written, links, holes and owners too', {
    timeout,
  }, async () => {
    const script = `cd /root; echo one > file; ln file hard; ln -s /etc/shadow soft; mkdir -m 1777 dir; chown 33:44 dir
      dd if=/dev/zero of=sparse bs=1 count=1 seek=10M 2>/dev/null; rm -f /etc/hostname-gone; mknod pipe p; chmod 4755 file`;
    await sh('web', script);
    assert.match(await yurt.ok('snapshot', 'web'), /Snapshot name is: snap0/);
    assert.equal(await state('web'), 'RUNNING');
    await sh('web', 'cd /root; echo two > file; rm -r dir soft pipe sparse; touch new');
    await yurt.ok('restore', 'web', 'snap0');
    assert.equal(await state('web'), 'RUNNING');
    const look =
      'cd /root; cat file hard; stat -c "%n %a %u %g %h %F" file dir soft pipe; readlink soft; ls new 2>&1 | wc -l';
    const seen = await sh('web', `${look}; stat -c "%s" sparse; [ $(du -k sparse | cut -f1) -lt 1000 ] && echo holes`);
    assert.equal(
      seen,
      [
        ...['one', 'one', 'file 4755 0 0 2 regular file', 'dir 1777 33 44 2 directory'],
        ...['soft 777 0 0 1 symbolic link', 'pipe 644 0 0 1 fifo', '/etc/shadow', '1', '10485761', 'holes'],
      ].join('\n'),
    );
  });

  it('of a stopped instance bring root, configuration and devices back', { timeout }, async () => {
    await yurt.ok('config', 'set', 'web', 'user.colour=blue');
    await yurt.ok('stop', '--force', 'web');
    await yurt.ok('snapshot', 'create', 'web', 'good', '--expiry', '1w');
    await yurt.ok('config', 'set', 'web', 'user.colour=red');
    await yurt.ok('start', 'web');
    await sh('web', 'rm -rf /root /etc/inittab');
    await yurt.ok('restore', 'web/good');
    assert.equal(await sh('web', 'cat /root/file'), 'one');
    assert.equal((await yurt.ok('config', 'get', 'web', 'user.colour')).trim(), 'blue');
    assert.match(await yurt.ok('info', 'web'), /Snapshots:\n {2}snap0: taken .*\n {2}good: taken .*, expires /);
    assert.equal((await yurt.ok('list', 'web', '-f', 'csv', '-c', 'S')).trim(), '2');
    assert.match(await yurt.ok('snapshot', 'show', 'web/good'), /^size: \d+$/m);
    // What a snapshot alone has: here, what was written before it and is not in the instance any more.
    await sh('web', 'dd if=/dev/urandom of=/root/big bs=1024 count=1024 2>/dev/null; sync');
    await yurt.ok('snapshot', 'create', 'web', 'big');
    await yurt.ok('restore', 'web/good');
    const snapshots: { name: string; size: number }[] = JSON.parse(
      await yurt.ok('snapshot', 'list', 'web', '-f', 'json'),
    );
    assert.ok((snapshots.find(({ name }) => name === 'big')?.size ?? 0) >= 1024 ** 2);
    assert.match(await yurt.ok('info', 'web'), /big: taken .*, \d+(\.\d+)?MiB$/m);
    await yurt.ok('snapshot', 'delete', 'web/big');
  });

  it('are renamed, replaced and deleted', { timeout }, async () => {
    await yurt.ok('rename', 'web/good', 'web/well');
    await yurt.ok('move', 'web/well', 'web/better');
    assert.match(await failure('move', 'web/better', 'other/better'), /one of another instance/);
    assert.match(await failure('move', 'web/better', '--target-project', 'other'), /moves with its instance/);
    assert.deepEqual(await names('web'), ['snap0', 'better']);
    assert.match(await failure('snapshot', 'web', 'better'), /has a snapshot "better" already/);
    await yurt.ok('snapshot', 'web', 'better', '--reuse');
    await yurt.ok('delete', 'web/better');
    assert.deepEqual(await names('web'), ['snap0']);
    assert.match(await failure('restore', 'web', 'better'), /has no snapshot "better"/);
  });

  it('expire when config says so, which changes nothing else of them', { timeout }, async () => {
    const of = (...words: string[]) => yurt.ok('config', words[0] ?? '', 'web/snap0', ...words.slice(1));
    await of('set', '-p', 'expires_at=2040-01-02T03:04:05Z');
    assert.equal(await of('get', '-p', 'expires_at'), '2040-01-02T03:04:05.000Z\n');
    const yaml = async (text: string) => await yurt.yurt(['config', 'edit', 'web/snap0'], { input: Buffer.from(text) });
    assert.equal((await yaml('expires_at: 1w')).exitCode, 0);
    assert.notEqual(await of('get', '-p', 'expires_at'), '2040-01-02T03:04:05.000Z\n');
    assert.equal((await yaml((await of('show')).replace(/^expires_at: .*$/m, 'expires_at: null'))).exitCode, 0);
    assert.equal(await of('get', '-p', 'expires_at'), '\n');
    assert.match((await yaml('description: new')).stderr, /expires_at can be changed, and nothing else/);
    assert.match(
      await failure('config', 'set', 'web/snap0', 'user.x=1'),
      /expires_at can be changed, and nothing else/,
    );
    assert.match(await failure('config', 'set', 'web/snap0', '-p', 'expires_at=soon'), /Invalid expiry "soon"/);
    assert.equal(await of('get', 'user.none'), '\n');
  });

  it('copies have the content, with ids and addresses of their own, and both go on by themselves', {
    timeout,
  }, async () => {
    await yurt.ok('copy', 'web', 'twin', '--start');
    await yurt.ok('copy', 'web/snap0', 'old', '-c', 'user.role=test', '--start');
    assert.equal(await sh('twin', 'cat /root/file; stat -c "%u %g" /root/dir; hostname'), 'one\n33 44\ntwin');
    assert.equal((await yurt.ok('config', 'get', 'old', 'user.role')).trim(), 'test');
    assert.deepEqual(await names('twin'), ['snap0']);
    const facts = async (name: string) => await sh(name, 'head -1 /proc/self/uid_map; cat /sys/class/net/eth0/address');
    const all = await Promise.all(['web', 'twin', 'old'].map(facts));
    assert.equal(new Set(all.flatMap((text) => text.split('\n'))).size, 6);
    await sh('twin', 'echo twin > /root/file');
    await sh('web', 'echo web > /root/file');
    assert.equal(await sh('twin', 'cat /root/hard'), 'twin');
    assert.equal(await sh('old', 'cat /root/file'), 'one');
    await yurt.ok('delete', '--force', 'web');
    await yurt.ok('restart', '--force', 'twin');
    assert.equal(await sh('twin', 'cat /root/file'), 'twin');
    await yurt.ok('restore', 'twin', 'snap0');
    assert.equal(await sh('twin', 'cat /root/file'), 'one');
  });

  it('a copy is brought up to date with its source, which runs', { timeout }, async () => {
    await yurt.ok('copy', 'twin', 'standby', '--refresh');
    await yurt.ok('config', 'set', 'standby', 'user.role=standby');
    await sh('twin', 'echo newer > /root/newer; rm /root/hard');
    await yurt.ok('snapshot', 'twin', 'later');
    await yurt.ok('copy', 'twin', 'standby', '--refresh', '--start');
    assert.equal(await sh('standby', 'cat /root/newer; ls /root/hard 2>&1 | wc -l; hostname'), 'newer\n1\nstandby');
    assert.deepEqual(await names('standby'), ['snap0', 'later']);
    assert.equal((await yurt.ok('config', 'get', 'standby', 'user.role')).trim(), 'standby');
    assert.match(await failure('copy', 'twin', 'standby', '--refresh'), /is running, stop it first/);
    await yurt.ok('stop', '--force', 'standby');
    assert.match(await failure('copy', 'twin', 'standby', '--refresh', '-c', 'user.a=b'), /no configuration/);
    await yurt.ok('delete', 'twin/later');
    await yurt.ok('copy', 'twin', 'standby', '--refresh');
    assert.deepEqual(await names('standby'), ['snap0']);
    await yurt.ok('delete', 'standby');
    await sh('twin', 'ln /root/file /root/hard; rm /root/newer');
  });

  it('an instance is renamed while it is stopped, and rebuilt from an image', { timeout }, async () => {
    assert.match(await failure('rename', 'twin', 'web'), /running, stop it first/);
    await yurt.ok('stop', '--force', 'twin');
    await yurt.ok('rename', 'twin', 'web');
    await yurt.ok('start', 'web');
    assert.equal(await sh('web', 'hostname; cat /root/file'), 'web\none');
    assert.match(await failure('rebuild', 'tiny', 'web'), /currently running/);
    await yurt.ok('rebuild', 'tiny', 'web', '--force');
    assert.equal(await sh('web', 'ls -A /root'), '');
    await yurt.ok('restore', 'web', 'snap0');
    assert.equal(await sh('web', 'cat /root/file'), 'one');
  });

  it('leave nothing in the pool when they are gone', { timeout }, async () => {
    await yurt.ok('delete', '--force', 'web', 'old');
    await eventually(async () => {
      const { stdout } = await yurt.inNetwork([
        'find',
        `${yurt.directory}/storage/default`,
        '-mindepth',
        '2',
        '-maxdepth',
        '2',
      ]);
      const left = stdout.split('\n').filter((path) => /\/(layers|instances|snapshots|staging|trash)\//.test(path));
      assert.deepEqual(left, []);
    });
  });
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run, runChecked } from '../../../server/host/run.ts';
import { eventually } from '../harness/eventually.ts';
import { DeviceWorld } from './device-world.ts';

const longMs = 15 * 60_000;

describe('a device node of the host', { timeout: longMs }, () => {
  let world: DeviceWorld;

  before(async () => {
    world = await DeviceWorld.start();
    await world.yurt.ok(
      'launch',
      'tiny',
      'a',
      '-d',
      'zero,type=unix-char,source=/dev/zero,path=/dev/mine,mode=0600,uid=7',
    );
  });

  after(async () => await world[Symbol.asyncDispose]());

  it('is there from the first moment, with its owner and permissions, and works', async () => {
    assert.equal(await world.inside('a', 'stat -c "%F %a %u %g" /dev/mine'), 'character special file 600 7 0');
    assert.equal(await world.inside('a', 'head -c 5 /dev/mine | wc -c'), '5');
    assert.equal(await world.inside('a', 'stat -c "%t %T" /dev/mine'), '1 5');
  });

  it('comes and goes while the instance runs, by its numbers too', async () => {
    await world.set('a', 'full', { type: 'unix-char', path: '/dev/sub/full', major: '1', minor: '7', mode: '666' });
    assert.match(await world.fails('a', 'echo x > /dev/sub/full'), /No space/);
    await world.set('a', 'full', undefined);
    await world.fails('a', 'ls /dev/sub/full');
    assert.deepEqual(await world.mounts('a', '/sub/full'), []);
    assert.equal(await world.inside('a', 'head -c 5 /dev/mine | wc -c'), '5');
  });

  it('that may be missing comes, changes and goes with that of the host', async () => {
    const source = join(world.host, 'late');
    await world.set('a', 'late', { type: 'unix-char', source, path: '/dev/late', required: 'false', mode: '0666' });
    await world.fails('a', 'ls /dev/late');
    const becomes = (numbers: string) =>
      eventually(async () => assert.equal(await world.inside('a', 'stat -c "%t %T" /dev/late'), numbers));
    await runChecked(run, ['mknod', source, 'c', '1', '3']);
    await becomes('1 3');
    await runChecked(run, ['mknod', `${source}.new`, 'c', '1', '5']);
    await runChecked(run, ['mv', `${source}.new`, source]);
    await becomes('1 5');
    assert.equal(await world.inside('a', 'head -c 5 /dev/late | wc -c'), '5');
    await runChecked(run, ['rm', source]);
    await eventually(async () => void (await world.fails('a', 'ls /dev/late')));
    await world.set('a', 'late', undefined);
  });

  it('opens for a privileged instance while it is there, and nothing else does', async () => {
    const image = join(world.host, 'secret');
    await runChecked(run, ['sh', '-c', `echo secret > ${image} && truncate -s 1M ${image}`]);
    const loop = (await runChecked(run, ['losetup', '--find', '--show', image])).stdout.trim();
    try {
      const device = { type: 'unix-block', source: loop, path: '/dev/disk0' };
      const options = Object.entries(device).map(([key, value]) => `${key}=${value}`);
      await world.yurt.ok(
        'launch',
        'tiny',
        'root',
        '-c',
        'security.privileged=true',
        '-d',
        ['disk', ...options].join(),
      );
      assert.equal(await world.inside('root', 'head -c 6 /dev/disk0'), 'secret');
      if (!existsSync('/sys/fs/cgroup/devices')) {
        await assert.rejects(world.set('root', 'disk', undefined), /stop it first/);
        await world.yurt.ok('delete', '--force', 'root');
        return;
      }
      await world.inside('root', `mknod /tmp/copy b 7 ${loop.replace('/dev/loop', '')}`);
      await world.set('root', 'disk', undefined);
      assert.match(await world.fails('root', 'head -c 6 /tmp/copy'), /not permitted/);
      await world.inside('root', 'echo x > /dev/null');
      await world.set('root', 'disk', device);
      assert.equal(await world.inside('root', 'head -c 6 /dev/disk0'), 'secret');
      await world.yurt.ok('delete', '--force', 'root');
    } finally {
      await runChecked(run, ['losetup', '--detach', loop]);
    }
  });

  it('may be a block device, which is read as the disk that it is', async () => {
    const image = join(world.host, 'disk');
    await runChecked(run, ['truncate', '-s', '1M', image]);
    const loop = (await runChecked(run, ['losetup', '--find', '--show', image])).stdout.trim();
    try {
      await world.set('a', 'disk', { type: 'unix-block', source: loop, path: '/dev/disk0' });
      assert.equal(await world.inside('a', 'stat -c "%F %a" /dev/disk0'), 'block special file 660');
      await world.inside('a', 'echo written > /dev/disk0; sync');
      assert.equal((await runChecked(run, ['head', '-c', '7', loop])).stdout, 'written');
    } finally {
      await world.set('a', 'disk', undefined);
      await runChecked(run, ['losetup', '--detach', loop]);
    }
  });

  it('is all that the instance gets: it makes no nodes itself', async () => {
    await world.fails('a', 'mknod /tmp/null c 1 3 && echo x > /tmp/null');
  });

  it('is refused when it is another kind of file, or has ids that the instance has not', async () => {
    const wrong: [Record<string, string>, RegExp][] = [
      [{ type: 'unix-char', source: '/etc/passwd' }, /passwd is not a character device/],
      [{ type: 'unix-block', source: '/dev/zero' }, /zero is not a block device/],
      [{ type: 'unix-char', source: '/dev/no-such' }, /no-such does not exist/],
      [{ type: 'unix-char', source: '/dev/zero', path: '/dev/y', uid: '70000' }, /uid 70000 does not exist/],
      [{ type: 'unix-char', source: '/dev/zero', mode: '888' }, /invalid value "888" for mode: must be three octal/],
      [{ type: 'unix-char', major: '1', minor: '5' }, /"source" and "path" is missing/],
      [{ type: 'unix-char', path: '/dev/y', major: '1' }, /major and minor are given together/],
      [{ type: 'unix-char', source: '/dev/zero', path: '/proc/y' }, /invalid value "\/proc\/y" for path/],
      [{ type: 'unix-char', source: '/dev/zero', path: '/dev/mine' }, /both want the path \/dev\/mine/],
    ];
    for (const [device, message] of wrong) {
      await assert.rejects(world.set('a', 'bad', device), message, JSON.stringify(device));
    }
    assert.deepEqual(Object.keys((await world.instance('a')).devices), ['zero']);
  });

  it('that is not required may be missing', async () => {
    await world.set('a', 'gone', { type: 'unix-char', source: '/dev/no-such', required: 'false' });
    await world.yurt.ok('restart', '--force', 'a');
    await world.fails('a', 'ls /dev/no-such');
    assert.equal(await world.inside('a', 'head -c 5 /dev/mine | wc -c'), '5');
  });

  it('leaves nothing when the instance stops', async () => {
    await world.yurt.ok('stop', '--force', 'a');
    assert.deepEqual(world.runs(), []);
  });
});

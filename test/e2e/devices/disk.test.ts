import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run, runChecked } from '../../../server/host/run.ts';
import { eventually } from '../harness/eventually.ts';
import { DeviceWorld } from './device-world.ts';

const longMs = 15 * 60_000;

describe('a disk of the host', { timeout: longMs }, () => {
  let world: DeviceWorld;
  let source: string;

  before(async () => {
    world = await DeviceWorld.start();
    source = join(world.host, 'data');
    mkdirSync(source);
    writeFileSync(join(source, 'file'), 'of the host\n');
    await world.yurt.ok('launch', 'tiny', 'a', '-d', `data,type=disk,source=${source},path=/srv/deep/data`);
  });

  after(async () => await world[Symbol.asyncDispose]());

  it('is there from the first moment, at a path that did not exist, and belongs to nobody inside', async () => {
    assert.equal(await world.inside('a', 'cat /srv/deep/data/file'), 'of the host');
    assert.equal(await world.inside('a', 'stat -c %u /srv/deep'), '0');
    assert.equal(await world.inside('a', 'stat -c %u /srv/deep/data/file'), '65534');
    await world.fails('a', 'echo x > /srv/deep/data/new');
    assert.ok(!existsSync(join(source, 'new')));
  });

  it('is plugged in while the instance runs, and written with the ids of the disk when it is shifted', async () => {
    await world.set('a', 'shifted', { type: 'disk', source, path: '/mnt/s', shift: 'true' });
    assert.equal(await world.inside('a', 'stat -c %u /mnt/s/file'), '0');
    await world.inside('a', 'echo new > /mnt/s/new');
    assert.equal(statSync(join(source, 'new')).uid, 0);
  });

  it('that is read-only stays so, whatever root inside tries', async () => {
    const options = { type: 'disk', source, path: '/mnt/ro', shift: 'true', readonly: 'true' };
    await world.set('a', 'ro', options);
    assert.match(await world.fails('a', 'echo x > /mnt/ro/file'), /Read-only/);
    await world.fails('a', 'mount -o remount,bind,rw /mnt/ro');
    await world.fails(
      'a',
      'mkdir -p /mnt/again && mount --bind /mnt/ro /mnt/again && mount -o remount,bind,rw /mnt/again',
    );
    await world.fails('a', 'unshare -m sh -c "mount -o remount,bind,rw /mnt/ro"');
    await world.fails('a', 'echo x > /mnt/ro/file');
    assert.equal(readFileSync(join(source, 'file'), 'utf8'), 'of the host\n');
  });

  it('has no device nodes that work, whatever root inside tries', async () => {
    await runChecked(run, ['mknod', '-m', '666', join(source, 'null'), 'c', '1', '3']);
    await world.fails('a', 'echo x > /mnt/s/null');
    await world.fails('a', 'mount -o remount,bind,dev /mnt/s');
    await world.fails('a', 'echo x > /mnt/s/null');
  });

  it('goes while the instance runs, with the directory that was made for it', async () => {
    await world.set('a', 'ro', undefined);
    await world.set('a', 'shifted', undefined);
    // A copy that root inside has made of the mount stays his.
    assert.deepEqual(await world.mounts('a', '/mnt'), ['/mnt/again']);
    await world.fails('a', 'ls -d /mnt/s');
    assert.equal(await world.inside('a', 'cat /srv/deep/data/file'), 'of the host');
  });

  it('may be one file', async () => {
    await world.set('a', 'one', { type: 'disk', source: join(source, 'file'), path: '/etc/one.conf' });
    assert.equal(await world.inside('a', 'cat /etc/one.conf'), 'of the host');
    await world.set('a', 'one', undefined);
    await world.fails('a', 'ls /etc/one.conf');
  });

  it('changes by giving way to another', async () => {
    const other = join(world.host, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'file'), 'the other\n');
    await world.set('a', 'data', { type: 'disk', source: other, path: '/srv/deep/data' });
    assert.equal(await world.inside('a', 'cat /srv/deep/data/file'), 'the other');
    assert.equal((await world.mounts('a', '/srv/deep/data')).length, 1);
    await world.set('a', 'data', { type: 'disk', source, path: '/srv/deep/data' });
  });

  it('may be memory, which root inside cannot make larger', async () => {
    await world.set('a', 'scratch', { type: 'disk', source: 'tmpfs:', size: '1MiB', path: '/scratch' });
    assert.match(await world.inside('a', 'df -k /scratch | tail -1'), / 1024 /);
    await world.inside('a', 'echo x > /scratch/file && chown 1000 /scratch/file');
    await world.fails('a', 'dd if=/dev/zero of=/scratch/big bs=1024 count=2000');
    await world.fails('a', 'mount -o remount,size=10m /scratch');
    await world.set('a', 'scratch', undefined);
    assert.deepEqual(await world.mounts('a', 'scratch'), []);
  });

  it('is never put outside of the instance by a link inside', async () => {
    const canary = join(world.host, 'canary');
    mkdirSync(canary);
    await world.inside(
      'a',
      `mkdir -p /trap && ln -s ${canary} /trap/absolute && ln -s ../../../../../../../tmp /trap/up`,
    );
    await world.set('a', 'trap', { type: 'disk', source, path: '/trap/up/x' });
    assert.equal(await world.inside('a', 'cat /tmp/x/file'), 'of the host');
    await world.set('a', 'trap', undefined);
    await assert.rejects(world.set('a', 'trap', { type: 'disk', source, path: '/trap/absolute/x' }), /trap/);
    assert.ok(!existsSync(join(canary, 'x')));
    assert.deepEqual(await world.mounts('a', 'trap'), []);
  });

  it('that cannot be plugged in leaves everything as it was', async () => {
    await world.inside('a', 'touch /afile');
    const before = await world.instance('a');
    for (const path of ['/afile/x', '/afile']) {
      await assert.rejects(world.set('a', 'bad', { type: 'disk', source, path }), /Device "bad"/);
    }
    const now = await world.instance('a');
    assert.deepEqual(now.devices, before.devices);
    assert.equal(await world.inside('a', 'cat /srv/deep/data/file'), 'of the host');
  });

  it('is there again after restarts of instance and server, once', async () => {
    await world.yurt.ok('restart', '--force', 'a');
    assert.equal(await world.inside('a', 'cat /srv/deep/data/file'), 'of the host');
    await world.yurt.signal('SIGKILL');
    await world.yurt.up();
    assert.deepEqual(await world.mounts('a', '/srv/deep/data'), ['/srv/deep/data']);
    await world.set('a', 'data', undefined);
    assert.deepEqual(await world.mounts('a', '/srv/deep/data'), []);
  });

  it('that may be missing comes and goes with its source, also while no server runs', async () => {
    const late = join(world.host, 'not/yet');
    await world.set('a', 'late', { type: 'disk', source: late, path: '/late', required: 'false' });
    assert.deepEqual(await world.mounts('a', '/late'), []);
    const appears = () => eventually(async () => assert.deepEqual(await world.mounts('a', '/late'), ['/late']));
    mkdirSync(late, { recursive: true });
    await appears();
    writeFileSync(join(late, 'file'), 'late\n');
    assert.equal(await world.inside('a', 'cat /late/file'), 'late');
    rmSync(join(world.host, 'not'), { recursive: true });
    await eventually(async () => assert.deepEqual(await world.mounts('a', '/late'), []));
    await world.yurt.signal('SIGKILL');
    mkdirSync(late, { recursive: true });
    await world.yurt.up();
    await appears();
    rmSync(join(world.host, 'not'), { recursive: true });
    await eventually(async () => assert.deepEqual(await world.mounts('a', '/late'), []));
    await world.yurt.ok('restart', '--force', 'a');
    mkdirSync(late, { recursive: true });
    await appears();
    await world.set('a', 'late', undefined);
    assert.deepEqual(await world.mounts('a', '/late'), []);
  });

  it('has the ids that raw.idmap says, with and without shift', async () => {
    const shared = join(world.host, 'shared');
    mkdirSync(shared);
    for (const id of [1000, 1001]) {
      const file = join(shared, String(id));
      writeFileSync(file, '');
      chownSync(file, id, id);
    }
    const devices = ['plain', 'shift'].flatMap((name) => [
      '-d',
      `${name},type=disk,source=${shared},path=/${name},shift=${name === 'shift'}`,
    ]);
    await world.yurt.ok('launch', 'tiny', 'ids', '-c', 'raw.idmap=both 1000 1000', ...devices);
    const owners = async (path: string) => await world.inside('ids', `stat -c %u ${path}/1000 ${path}/1001 | xargs`);
    assert.equal(await owners('/plain'), '1000 65534');
    assert.equal(await owners('/shift'), '1000 1001');
    await world.set('ids', 'tmp', { type: 'disk', source: 'tmpfs:', path: '/mem' });
    await world.inside('ids', 'touch /mem/x && chown 1000 /mem/x');
    await world.yurt.ok('delete', '--force', 'ids');
  });

  it('is refused when it belongs to yurt, whichever way the path leads there', async () => {
    symlinkSync(join(world.yurt.directory, 'state'), join(world.host, 'link'));
    const own = [
      join(world.yurt.directory, 'state'),
      join(world.yurt.directory, 'storage/default'),
      join(world.host, 'link'),
    ];
    for (const path of own) {
      await assert.rejects(world.set('a', 'bad', { type: 'disk', source: path, path: '/x' }), /belongs to yurt itself/);
    }
    const above = { type: 'disk', source: world.yurt.directory, path: '/x' };
    await assert.rejects(world.set('a', 'bad', { ...above, shift: 'true' }), /belongs to yurt itself: .* as root does/);
    await world.set('a', 'bad', above);
    await world.fails('a', 'ls /x/state');
    await world.set('a', 'bad', undefined);
    const launch = await world.yurt.yurt(['launch', 'tiny', 'b', '-d', `x,type=disk,source=${own[2]},path=/x`]);
    assert.match(launch.stderr, /Device "x": .*link leads to .*belongs to yurt itself/);
  });

  it('is not found by links of the host, which somebody else may change', async () => {
    symlinkSync('/usr', join(world.host, 'usr'));
    for (const path of [join(world.host, 'usr'), join(world.host, 'usr/share')]) {
      await assert.rejects(
        world.set('a', 'bad', { type: 'disk', source: path, path: '/x' }),
        /leads to .*: give that path/,
      );
    }
  });

  it('stays inside while links there change as fast as they can', async () => {
    const canary = join(world.host, 'flip');
    mkdirSync(canary);
    const flip = `mkdir -p /flip/real; while [ ! -e /flip/stop ]; do ln -sfn ${canary} /flip/a; ln -sfn real /flip/a; done`;
    await world.inside('a', `(${flip}) >/dev/null 2>&1 & true`);
    let mounted = 0;
    for (let round = 0; round < 15; round += 1) {
      await world.set('a', 'flip', { type: 'disk', source, path: '/flip/a/x' }).then(
        () => {
          mounted += 1;
        },
        () => {}, // a link that leads to nothing inside
      );
      await world.set('a', 'flip', undefined);
    }
    await world.inside('a', 'touch /flip/stop');
    assert.deepEqual(readdirSync(canary), []);
    assert.ok(mounted > 0);
    assert.deepEqual(await world.mounts('a', '/flip'), []);
  });

  it('that is missing keeps the instance from starting, unless it is not required', async () => {
    const gone = join(world.host, 'gone');
    await assert.rejects(world.set('a', 'gone', { type: 'disk', source: gone, path: '/gone' }), /gone does not exist/);
    await world.set('a', 'gone', { type: 'disk', source: gone, path: '/gone', required: 'false' });
    await world.yurt.ok('restart', '--force', 'a');
    mkdirSync(gone);
    await world.yurt.ok('restart', '--force', 'a');
    assert.deepEqual(await world.mounts('a', '/gone'), ['/gone']);
  });

  it('leaves nothing when the instance stops', async () => {
    await world.yurt.ok('stop', '--force', 'a');
    assert.deepEqual(world.runs(), []);
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bootPatienceMs } from '../../server/instances/boot-follower.ts';
import { Daemon } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { template } from './harness/template.ts';

const buildTimeoutMs = 15 * 60_000;
const bootTimeoutMs = 4 * 60_000;

/** The main job, as a user does it. */
describe('a Debian system container', () => {
  let yurt: Daemon;
  let launchedAt = 0;

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny', 'debian/12'));
      launchedAt = Date.now();
      await yurt.ok('launch', 'debian/12', 'web');
    },
    { timeout: buildTimeoutMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  it('has booted when the first command runs, without a failed unit', { timeout: bootTimeoutMs }, async () => {
    let { stdout: state } = await yurt.yurt(['exec', 'web', '--', 'systemctl', 'is-system-running']);
    // A machine that is too slow for that has run it at the end of the server's patience, and is waited for.
    if (Date.now() - launchedAt > bootPatienceMs) {
      state = await yurt.ok('exec', 'web', '--', 'systemctl', 'is-system-running', '--wait');
    }
    assert.equal(state.trim(), 'running');
    assert.equal((await yurt.ok('exec', 'web', '--', 'systemctl', '--failed', '--no-legend')).trim(), '');
  });

  it('is listed RUNNING with an address of each family', async () => {
    await eventually(async () => {
      const line = await yurt.ok('list', '-f', 'csv', '-c', 'ns46');
      assert.match(line, /^web,RUNNING,\d+\.\d+\.\d+\.\d+ \(eth0\),[0-9a-f:]+ \(eth0\)$/m);
    });
  });

  it('is reached by name from another instance', { timeout: bootTimeoutMs }, async () => {
    await yurt.ok('launch', 'tiny', 'other');
    for (const name of ['web', 'web.yurt']) {
      await eventually(async () => await yurt.ok('exec', 'other', '--', 'ping', '-c', '1', '-W', '2', name));
    }
    await eventually(async () => await yurt.ok('exec', 'web', '--', 'ping', '-c', '1', '-W', '2', 'other'));
  });

  it('has a user namespace of its own, unmapped on the host', async () => {
    const map = await yurt.ok('exec', 'web', '--', 'cat', '/proc/self/uid_map');
    const [inside, outside, count] = map.trim().split(/\s+/).map(Number);
    assert.equal(inside, 0);
    assert.ok(outside !== undefined && outside >= 65_536);
    assert.equal(count, 65_536);
    const other = await yurt.ok('exec', 'other', '--', 'cat', '/proc/self/uid_map');
    assert.notEqual(other, map);
  });

  it('runs on when the daemon is killed, with the console log whole and exec working again', {
    timeout: bootTimeoutMs,
  }, async () => {
    const pidOf = async () => (await yurt.ok('list', 'web', '-f', 'csv', '-c', 'p')).trim();
    const pid = await pidOf();
    const bootedAt = await yurt.ok('exec', 'web', '--', 'stat', '-c', '%Y', '/proc/1');
    await yurt.ok('exec', 'web', '--', 'sh', '-c', 'echo before-the-kill > /dev/console');
    await yurt.signal('SIGKILL');
    const startTime = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21];
    await yurt.up();
    assert.equal(await pidOf(), pid);
    assert.equal(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21], startTime);
    assert.equal(await yurt.ok('exec', 'web', '--', 'stat', '-c', '%Y', '/proc/1'), bootedAt);
    await yurt.ok('exec', 'web', '--', 'sh', '-c', 'echo after-the-kill > /dev/console');
    await eventually(async () => {
      const log = await yurt.ok('console', 'web', '--show-log');
      assert.match(log, /before-the-kill[\s\S]*after-the-kill/);
    });
  });

  it('keeps its root over a restart', { timeout: bootTimeoutMs }, async () => {
    await yurt.ok('exec', 'web', '--', 'sh', '-c', 'echo kept > /root/file; chmod 4755 /root/file');
    await yurt.ok('restart', 'web');
    assert.equal((await yurt.ok('exec', 'web', '--', 'cat', '/root/file')).trim(), 'kept');
    assert.equal((await yurt.ok('exec', 'web', '--', 'stat', '-c', '%a %u', '/root/file')).trim(), '4755 0');
  });

  it('restarts when it reboots itself, stops when it powers itself off', { timeout: bootTimeoutMs }, async () => {
    const pidOf = async () => (await yurt.ok('list', 'web', '-f', 'csv', '-c', 'p')).trim();
    const pid = await pidOf();
    await yurt.yurt(['exec', 'web', '--', 'systemctl', 'reboot', '--force']);
    await eventually(async () => {
      const now = await pidOf();
      assert.ok(now !== '' && now !== pid);
    }, bootTimeoutMs);
    await eventually(async () => await yurt.ok('exec', 'web', '--', 'true'));
    await yurt.yurt(['exec', 'web', '--', 'systemctl', 'poweroff', '--force']);
    await eventually(async () => {
      assert.equal((await yurt.ok('list', 'web', '-f', 'csv', '-c', 's')).trim(), 'STOPPED');
    }, bootTimeoutMs);
  });

  it('stops cleanly when asked', { timeout: bootTimeoutMs }, async () => {
    await yurt.ok('start', 'web');
    await yurt.ok('exec', 'web', '--', 'systemctl', 'is-system-running', '--wait');
    await yurt.ok('stop', 'web', '--timeout', '60');
    assert.equal((await yurt.ok('list', 'web', '-f', 'csv', '-c', 's')).trim(), 'STOPPED');
  });

  it('leaves nothing when it is deleted', async () => {
    const uuid = JSON.parse(await yurt.ok('list', 'web', '-f', 'json'))[0].uuid;
    await yurt.ok('delete', 'web');
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    assert.ok(!mounts.includes(uuid));
    const links = await yurt.inNetwork(['ip', '-o', 'link']);
    assert.equal(links.stdout.split('\n').filter((line) => line.includes('veth') || line.includes('master')).length, 1);
    assert.throws(() => readFileSync(join(yurt.directory, 'storage/instances', uuid)), { code: 'ENOENT' });
  });
});

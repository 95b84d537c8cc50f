import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { template } from './harness/template.ts';

const longMs = 4 * 60_000;
const killedStatus = 137;

describe('limits', () => {
  let yurt: Daemon;

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('launch', 'tiny', 'other');
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  async function sh(name: string, script: string) {
    return await yurt.yurt(['exec', name, '--', 'sh', '-c', script]);
  }

  async function launch(name: string, config: Record<string, string>) {
    const pairs = Object.entries(config).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    await yurt.ok('launch', 'tiny', name, ...pairs);
  }

  /** Seconds of processor time that a loop of `seconds` got. */
  async function spin(name: string, seconds: number): Promise<number> {
    const { stdout } = await sh(name, `timeout ${seconds} sh -c 'while :; do :; done'; times`);
    const children = stdout.trim().split('\n').at(-1) ?? '';
    const [, minutes, rest] = /^(\d+)m([\d.]+)s/.exec(children) ?? assert.fail(stdout);
    return Number(minutes) * 60 + Number(rest);
  }

  it('limits.memory kills what exceeds it, and nothing else', { timeout: longMs }, async () => {
    await launch('small', { 'limits.memory': '64MiB' });
    await sh('other', 'sleep 1000 & echo $! > /run/witness');
    await sh('small', 'sleep 1000 & echo $! > /run/witness');
    const pidOf = async (name: string) => JSON.parse(await yurt.ok('list', name, '-f', 'json'))[0].state.pid;
    const [before, daemon] = [await Promise.all(['small', 'other'].map(pidOf)), yurt.pid];
    const result = await sh('small', 'dd if=/dev/zero of=/dev/null bs=200M count=1; echo "status $?"');
    assert.match(result.stdout, new RegExp(`^status ${killedStatus}$`, 'm'), result.stderr);
    assert.deepEqual(await Promise.all(['small', 'other'].map(pidOf)), before);
    assert.equal(yurt.pid, daemon);
    for (const name of ['small', 'other']) {
      assert.equal((await sh(name, 'kill -0 $(cat /run/witness)')).exitCode, 0, name);
    }
    // As much as the limit allows is still to be had.
    assert.equal((await sh('small', 'dd if=/dev/zero of=/dev/null bs=30M count=1')).exitCode, 0);
  });

  it('limits.memory counts files in memory too', { timeout: longMs }, async () => {
    const result = await sh(
      'small',
      'dd if=/dev/zero of=/dev/shm/fill bs=1M count=200; echo "status $?"; rm /dev/shm/fill',
    );
    assert.doesNotMatch(result.stdout, /^status 0$/m);
    assert.match(await yurt.ok('list', 'small', '-f', 'csv', '-c', 'ns'), /small,RUNNING/);
  });

  it('a fork bomb below limits.processes hurts nobody else, and --force ends it', { timeout: longMs }, async () => {
    await launch('bomb', { 'limits.processes': '100' });
    const bomb = sh('bomb', 'f() { while :; do f & done; }; f');
    await eventually(async () => {
      // The shells of a bomb end where they cannot fork; these stay, so that there is no room whenever one looks.
      await sh('bomb', 'while :; do sleep 1000 > /dev/null 2>&1 < /dev/null & done');
      const count = JSON.parse(await yurt.ok('list', 'bomb', '-f', 'json'))[0].state.processes;
      assert.ok(count >= 95 && count <= 100, `${count} processes`);
    });
    assert.equal((await sh('other', 'echo alive')).stdout, 'alive\n');
    await launch('beside', {});
    await yurt.ok('stop', 'bomb', '--force');
    assert.match(await yurt.ok('list', 'bomb', '-f', 'csv', '-c', 'ns'), /bomb,STOPPED/);
    await bomb;
  });

  it('limits.cpu.allowance as a time is never exceeded', { timeout: longMs }, async () => {
    await launch('slow', { 'limits.cpu.allowance': '20ms/100ms' });
    const seconds = await spin('slow', 3);
    assert.ok(seconds > 0.1 && seconds < 0.9, `${seconds} s of 0.6`);
  });

  it('limits.cpu.allowance as a share divides a processor that two want', { timeout: longMs }, async () => {
    await launch('more', { 'limits.cpu': '0-0', 'limits.cpu.allowance': '80%' });
    await launch('less', { 'limits.cpu': '0-0', 'limits.cpu.allowance': '20%' });
    const [more, less] = await Promise.all([spin('more', 5), spin('less', 5)]);
    assert.ok(more / less > 2 && more / less < 8, `${more} s and ${less} s: ${(more / less).toFixed(1)} times as much`);
  });

  it('limits.cpu as a number gives so many processors, and another one to the next', { timeout: longMs }, async () => {
    await launch('one', { 'limits.cpu': '1' });
    await launch('two', { 'limits.cpu': '1' });
    const allowed = async (name: string) =>
      /^Cpus_allowed_list:\s+(\S+)/m.exec((await sh(name, 'cat /proc/self/status')).stdout)?.[1] ?? '';
    const given = await Promise.all([allowed('one'), allowed('two')]);
    for (const list of given) assert.match(list, /^\d+$/);
    assert.equal((await sh('one', 'nproc')).stdout, '1\n');
  });

  it('change while the instance runs, and lowering one never kills', { timeout: longMs }, async () => {
    await launch('live', { 'limits.memory': '512MiB', 'limits.cpu': '0-0' });
    const cgroup = async () => JSON.parse(await yurt.ok('list', 'live', '-f', 'json'))[0].state;
    await sh('live', 'dd if=/dev/urandom of=/dev/shm/held bs=1M count=100 2>/dev/null');
    await yurt.ok('config', 'set', 'live', 'limits.memory=256MiB', 'limits.processes=50');
    assert.equal((await cgroup()).memory.total, 256 * 2 ** 20);
    const refused = await yurt.yurt(['config', 'set', 'live', 'limits.memory=32MiB']);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /uses more memory than 33554432 bytes/);
    assert.equal((await cgroup()).memory.total, 256 * 2 ** 20);
    assert.equal((await yurt.ok('config', 'get', 'live', 'limits.memory')).trim(), '256MiB');
    const forks = await sh('live', 'for i in $(seq 100); do sleep 1 & done; wait');
    assert.match(forks.stderr, /can't fork|Resource temporarily unavailable/);
    await yurt.ok('config', 'unset', 'live', 'limits.processes');
    assert.equal((await sh('live', 'for i in $(seq 100); do sleep 0.1 & done; wait')).exitCode, 0);
    await yurt.ok('config', 'unset', 'live', 'limits.cpu');
    const all = (await sh('other', 'nproc')).stdout;
    assert.equal((await sh('live', 'nproc')).stdout, all);
  });

  it('what this host does not have is refused by name, and nothing is left of the start', {
    timeout: longMs,
  }, async () => {
    const result = await yurt.yurt(['launch', 'tiny', 'far', '-c', 'limits.cpu=0,4000']);
    assert.equal(result.exitCode, 1);
    assert.match(result.stderr, /limits\.cpu names processor 4000, and instances of this host can have 0/);
    assert.match(await yurt.ok('list', 'far', '-f', 'csv', '-c', 'ns'), /far,STOPPED/);
  });

  it('a server that starts again knows the limits of what runs', { timeout: longMs }, async () => {
    await yurt.signal('SIGKILL');
    await yurt.up();
    const result = await sh('small', 'dd if=/dev/zero of=/dev/null bs=200M count=1; echo "status $?"');
    assert.match(result.stdout, new RegExp(`^status ${killedStatus}$`, 'm'));
  });
});

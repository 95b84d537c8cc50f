import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Api } from './harness/api.ts';
import { Daemon } from './harness/daemon.ts';
import { template } from './harness/template.ts';

const longMs = 4 * 60_000;

describe('profiles', { timeout: longMs }, () => {
  let yurt: Daemon;

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('profile', 'create', 'small', 'limits.processes=100', '--description', 'Small');
      await yurt.ok('launch', 'tiny', 'one', '-p', 'default', '-p', 'small');
      await yurt.ok('init', 'tiny', 'two', '-p', 'default', '-p', 'small');
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  async function refused(...args: string[]): Promise<string> {
    const { exitCode, stderr } = await yurt.yurt(args);
    assert.equal(exitCode, 1, args.join(' '));
    return stderr;
  }

  async function expanded(instance: string, key: string): Promise<string> {
    return (await yurt.ok('config', 'get', '-e', instance, key)).trimEnd();
  }

  it('reach what uses them when they change', async () => {
    await yurt.ok('profile', 'set', 'small', 'limits.processes=200', 'environment.FROM=profile');
    assert.equal(await expanded('one', 'limits.processes'), '200');
    assert.equal(await expanded('two', 'limits.processes'), '200');
    assert.equal(await yurt.ok('exec', 'one', '--', 'sh', '-c', 'echo from $FROM'), 'from profile\n');
    await yurt.ok('profile', 'unset', 'small', 'environment.FROM');
    assert.equal((await yurt.yurt(['exec', 'one', '--', 'sh', '-c', 'echo from $FROM'])).stdout, 'from\n');
  });

  it('bring devices at the next start at the latest', async () => {
    await yurt.ok('profile', 'device', 'add', 'small', 'lan', 'nic', 'network=yurtbr0', 'name=eth1');
    await yurt.ok('restart', 'one', '--force');
    const address = await yurt.ok('exec', 'one', '--', 'cat', '/sys/class/net/eth1/address');
    assert.equal(address.trim(), (await yurt.ok('config', 'get', 'one', 'volatile.lan.hwaddr')).trim());
    await yurt.ok('profile', 'device', 'remove', 'small', 'lan');
    await yurt.ok('restart', 'one', '--force');
    assert.equal((await yurt.yurt(['exec', 'one', '--', 'cat', '/sys/class/net/eth1/address'])).exitCode, 1);
  });

  it('stay as they are when something that uses them could not follow', async () => {
    const before = await yurt.ok('profile', 'show', 'small');
    assert.match(
      await refused('profile', 'device', 'add', 'small', 'root2', 'disk', 'path=/', 'pool=default'),
      /Instance "(one|two)" cannot follow: More than one root disk/,
    );
    assert.match(await refused('profile', 'set', 'small', 'limits.memory=much'), /limits.memory: must be a size/);
    assert.match(await refused('profile', 'set', 'small', 'volatile.x=1'), /Unknown configuration key "volatile.x"/);
    assert.match(
      await refused('profile', 'device', 'add', 'small', 'x', 'nic', 'network=nope'),
      /"nope" does not exist/,
    );
    assert.equal(await yurt.ok('profile', 'show', 'small'), before);
  });

  it('reach the limits of what runs, of all of it or of nothing', async () => {
    await yurt.ok('start', 'two');
    const limits = async () => {
      const listed: { state: { memory: { total: number } } }[] = JSON.parse(await yurt.ok('list', '-f', 'json'));
      return listed.map(({ state }) => state.memory.total / 2 ** 20);
    };
    await yurt.ok('profile', 'set', 'small', 'limits.memory=96MiB');
    assert.deepEqual(await limits(), [96, 96]);
    // What is in a tmpfs cannot be given back: this one cannot follow, and the other must not.
    await yurt.ok('exec', 'two', '--', 'dd', 'if=/dev/zero', 'of=/dev/shm/full', 'bs=1M', 'count=48');
    const before = await yurt.ok('profile', 'show', 'small');
    assert.match(await refused('profile', 'set', 'small', 'limits.memory=24MiB'), /Cannot change instance "two"/);
    assert.deepEqual(await limits(), [96, 96]);
    assert.equal(await yurt.ok('profile', 'show', 'small'), before);
    await yurt.ok('stop', 'two', '--force');
    await yurt.ok('profile', 'unset', 'small', 'limits.memory');
  });

  it('are edited as documents, copied and refreshed', async () => {
    const input = 'description: From a file\nconfig:\n  limits.processes: 300\n';
    const edited = await yurt.yurt(['profile', 'edit', 'small'], { input });
    assert.deepEqual([edited.exitCode, edited.stderr], [0, '']);
    assert.equal(await expanded('one', 'limits.processes'), '300');
    await yurt.ok('profile', 'copy', 'small', 'copied');
    assert.match(await refused('profile', 'copy', 'small', 'copied'), /Profile "copied" already exists/);
    await yurt.ok('profile', 'set', 'small', 'user.new=1');
    await yurt.ok('profile', 'copy', 'small', 'copied', '--refresh');
    assert.equal(await yurt.ok('profile', 'get', 'copied', 'user.new'), '1\n');
    await yurt.ok('profile', 'delete', 'copied');
  });

  it('are assigned, added and removed', async () => {
    const profiles = async () => (await yurt.ok('config', 'get', 'two', '-p', 'profiles')).trimEnd();
    await yurt.ok('profile', 'assign', 'two', 'default');
    assert.equal(await profiles(), 'default');
    await yurt.ok('profile', 'add', 'two', 'small');
    assert.equal(await profiles(), 'default,small');
    assert.match(await refused('profile', 'add', 'two', 'small'), /"small" is named twice/);
    assert.match(await refused('profile', 'assign', 'two', ''), /No root disk/);
    assert.match(await refused('profile', 'assign', 'two', 'default,nope'), /Profile "nope" does not exist/);
    assert.equal(await profiles(), 'default,small');
  });

  it('are renamed with all that uses them, and not deleted from under it', async () => {
    await yurt.ok('profile', 'rename', 'small', 'little');
    assert.equal((await yurt.ok('config', 'get', 'one', '-p', 'profiles')).trimEnd(), 'default,little');
    assert.match(await refused('profile', 'delete', 'little'), /is used by instance\/one, instance\/two/);
    assert.match(await refused('profile', 'delete', 'default'), /cannot be deleted/);
    assert.match(await refused('profile', 'rename', 'default', 'x'), /cannot be renamed/);
    assert.match(await refused('profile', 'create', 'a/b'), /Invalid profile name/);
    // The run that began under the old name ends well.
    await yurt.ok('restart', 'one', '--force');
    await yurt.ok('profile', 'rename', 'little', 'small');
  });

  it('never go while an instance with them is being made', async () => {
    for (const round of [1, 2, 3]) {
      const name = `made${round}`;
      await yurt.ok('profile', 'create', 'racing');
      const launch = yurt.yurt(['init', 'tiny', name, '-p', 'default', '-p', 'racing']);
      const removal = yurt.yurt(['profile', 'delete', 'racing']);
      const codes = [(await launch).exitCode, (await removal).exitCode];
      assert.equal(codes.filter((code) => code === 0).length, 1, `one of the two: ${codes}`);
      await yurt.ok('list');
      if (codes[0] === 0) await yurt.ok('delete', name);
      if (codes[1] !== 0) await yurt.ok('profile', 'delete', 'racing');
    }
  });

  it('are whole, as before or as after, whenever the server is killed', async () => {
    let name = 'small';
    for (const [round, delayMs] of [0, 1, 2, 4, 8].entries()) {
      const next = `small${round}`;
      using api = new Api(yurt);
      await new Promise<void>((resolve) => api.profiles.ListProfiles({}, () => resolve())); // connected from here on
      const rename = new Promise<void>((resolve) =>
        api.profiles.RenameProfile({ name, newName: next }, () => resolve()),
      );
      await pause(delayMs);
      await yurt.signal('SIGKILL');
      await rename;
      await yurt.up();
      const listed = (await yurt.ok('profile', 'list', '-f', 'csv')).split('\n').map((line) => line.split(',')[0]);
      assert.equal([name, next].filter((one) => listed.includes(one)).length, 1, listed.join());
      if (listed.includes(next)) name = next;
      for (const instance of ['one', 'two']) {
        assert.equal((await yurt.ok('config', 'get', instance, '-p', 'profiles')).trimEnd(), `default,${name}`);
        assert.equal(await expanded(instance, 'limits.processes'), '300');
      }
      assert.equal(await yurt.ok('exec', 'one', '--', 'echo', 'alive'), 'alive\n');
    }
  });
});

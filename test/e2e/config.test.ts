import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon } from './harness/daemon.ts';
import { template } from './harness/template.ts';

const longMs = 4 * 60_000;

describe('the configuration of instances', { timeout: longMs }, () => {
  let yurt: Daemon;

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('launch', 'tiny', 'web', '-c', 'user.made=here');
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  async function get(...args: string[]): Promise<string> {
    return (await yurt.ok('config', 'get', 'web', ...args)).trimEnd();
  }

  it('is shown, set and unset, key by key', async () => {
    await yurt.ok('config', 'set', 'web', 'user.a=1', 'user.b=x=y');
    await yurt.ok('config', 'set', 'web', 'boot.autostart', 'false');
    assert.deepEqual([await get('user.a'), await get('user.b'), await get('boot.autostart')], ['1', 'x=y', 'false']);
    await yurt.ok('config', 'unset', 'web', 'user.a');
    assert.equal(await get('user.a'), '');
    const again = await yurt.yurt(['config', 'unset', 'web', 'user.a']);
    assert.deepEqual(
      [again.exitCode, again.stderr],
      [1, 'Error: Cannot unset key "user.a", it\'s not currently set\n'],
    );
    await yurt.ok('config', 'set', 'web', '-p', 'description=The web');
    const shown = await yurt.ok('config', 'show', 'web');
    assert.match(shown, /^description: The web$/m);
    assert.match(shown, /^ {2}user\.made: here$/m);
    assert.doesNotMatch(shown, /eth0:/);
    assert.match(await yurt.ok('config', 'show', 'web', '-e'), /^ {2}eth0:$/m);
  });

  it('is refused with the reason when it is wrong, and stays as it was', async () => {
    const before = await yurt.ok('config', 'show', 'web');
    for (const [words, reason] of [
      [['limits.memroy=1GiB'], /did you mean "limits.memory"/],
      [['user.good=1', 'limits.memory=much'], /limits.memory: must be a size/],
      [['volatile.base_image=x'], /what yurt itself remembers/],
    ] as const) {
      const { exitCode, stderr } = await yurt.yurt(['config', 'set', 'web', ...words]);
      assert.equal(exitCode, 1);
      assert.match(stderr, reason);
    }
    assert.equal(await yurt.ok('config', 'show', 'web'), before);
  });

  it('takes the changes of many who change single keys at once', async () => {
    const keys = Array.from({ length: 8 }, (_, index) => `user.many${index}`);
    await Promise.all(keys.map((key) => yurt.ok('config', 'set', 'web', `${key}=yes`)));
    for (const key of keys) assert.equal(await get(key), 'yes', key);
  });

  it('is edited as a document from stdin', async () => {
    const document = (await yurt.ok('config', 'show', 'web')).replace('user.made: here', 'user.made: by stdin');
    const written = await yurt.yurt(['config', 'edit', 'web'], { input: document });
    assert.deepEqual([written.exitCode, written.stderr], [0, '']);
    assert.equal(await get('user.made'), 'by stdin');
  });
});

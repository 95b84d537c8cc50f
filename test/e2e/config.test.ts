import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Instance__Output } from '../../proto/gen/yurt/v1/Instance.ts';
import type { UpdateInstanceRequest } from '../../proto/gen/yurt/v1/UpdateInstanceRequest.ts';
import { Api } from './harness/api.ts';
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
    assert.doesNotMatch(shown, /eth0:$/m);
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

  it('lets one of two who edit the same content win, and the other know', async () => {
    using api = new Api(yurt);
    const read = () =>
      new Promise<Instance__Output>((resolve, reject) => {
        api.instances.GetInstance({ name: 'web' }, (error, answer) => {
          if (error !== null || !answer?.instance) reject(error ?? new Error('no instance'));
          else resolve(answer.instance);
        });
      });
    const update = (request: UpdateInstanceRequest) =>
      new Promise<number>((resolve) => {
        api.instances.UpdateInstance(request, (error) => resolve(error === null ? 0 : error.code));
      });
    const { etag, description, profiles, config, devices } = await read();
    const edits = ['one', 'two'].map((editor) =>
      update({ name: 'web', etag, description, profiles, devices, config: { ...config, 'user.editor': editor } }),
    );
    assert.deepEqual((await Promise.all(edits)).sort(), [0, 10]);
    assert.notEqual((await read()).etag, etag);
    // A start and a stop are no edit.
    const { etag: before } = await read();
    await yurt.ok('restart', 'web', '--force');
    assert.equal((await read()).etag, before);
  });

  it('is edited as a document from stdin', async () => {
    const document = (await yurt.ok('config', 'show', 'web')).replace('user.made: here', 'user.made: by stdin');
    const written = await yurt.yurt(['config', 'edit', 'web'], { input: document });
    assert.deepEqual([written.exitCode, written.stderr], [0, '']);
    assert.equal(await get('user.made'), 'by stdin');
  });

  it('is edited in an editor on a terminal', async () => {
    const editor = join(yurt.directory, 'editor');
    // The first time it leaves something wrong.
    const edits = [
      'if ! grep -q "^nonsense" "$1"; then echo "nonsense: yes" >> "$1"; exit; fi',
      'sed -i "/^nonsense/d; s/user.made: .*/user.made: by editor/" "$1"',
    ];
    writeFileSync(editor, `#!/bin/sh\n${edits.join('\n')}\n`, { mode: 0o755 });
    const { spawn } = await import('node-pty');
    const child = spawn('bin/yurt', ['config', 'edit', 'web'], {
      env: { ...process.env, YURT_DIR: yurt.directory, EDITOR: editor, VISUAL: '' },
    });
    let output = '';
    child.onData((data) => {
      output += data;
      if (data.includes('Press enter')) child.write('\r');
    });
    const code = await new Promise((resolve) => child.onExit(({ exitCode }) => resolve(exitCode)));
    assert.equal(code, 0, output);
    assert.match(output, /unknown key "nonsense"/);
    assert.equal(await get('user.made'), 'by editor');
  });

  it('has devices of its own, and those of profiles changed', async () => {
    await yurt.ok('config', 'device', 'override', 'web', 'eth0', 'hwaddr=00:16:3e:01:02:03');
    await yurt.ok('restart', 'web', '--force');
    assert.match(await yurt.ok('exec', 'web', '--', 'cat', '/sys/class/net/eth0/address'), /^00:16:3e:01:02:03$/m);
    assert.equal(await yurt.ok('config', 'device', 'list', 'web'), 'eth0\n');
    await yurt.ok('config', 'device', 'remove', 'web', 'eth0');
    await yurt.ok('restart', 'web', '--force');
    const own = await get('volatile.eth0.hwaddr');
    assert.equal((await yurt.ok('exec', 'web', '--', 'cat', '/sys/class/net/eth0/address')).trim(), own);
  });

  it('is whole, as before or as after, whenever the server is killed', async () => {
    for (const delayMs of [0, 1, 2, 3, 4, 6, 8, 16]) {
      const value = `killed-after-${delayMs}`;
      await interrupted(delayMs, (api) => {
        const keys = Array.from({ length: 50 }, (_, index) => [`user.k${index}`, value]);
        return new Promise((resolve) => {
          const config = { ...Object.fromEntries(keys), 'limits.memory': `${64 + delayMs}MiB` };
          const content = { profiles: ['default'], config };
          api.instances.UpdateInstance({ name: 'web', ...content }, () => resolve());
        });
      });
      const values = await Promise.all([get('user.k0'), get('user.k49')]);
      assert.equal(values[0], values[1], `after ${delayMs} ms`);
      // What holds in the kernel is what is recorded, wherever the change was cut.
      const [web]: { state: { memory: { total: number } } }[] = JSON.parse(await yurt.ok('list', 'web', '-f', 'json'));
      const recorded = await get('limits.memory');
      const total = web?.state.memory.total ?? 0;
      assert.equal(total === 0 ? '' : `${total / 2 ** 20}MiB`, recorded, `after ${delayMs} ms`);
      assert.equal(await yurt.ok('exec', 'web', '--', 'echo', 'alive'), 'alive\n');
      await yurt.ok('config', 'set', 'web', 'user.after=kill');
    }
  });

  /** Begins a call, kills the server in the middle of it, and starts another. */
  async function interrupted(delayMs: number, begin: (api: Api) => Promise<void>): Promise<void> {
    using api = new Api(yurt);
    await new Promise<void>((resolve) => api.instances.ListInstances({}, () => resolve())); // connected from here on
    const call = begin(api);
    await pause(delayMs);
    await yurt.signal('SIGKILL');
    await call;
    await yurt.up();
  }

  it('of the server itself is kept, too', async () => {
    await yurt.ok('config', 'set', 'user.rack=7');
    assert.equal(await yurt.ok('config', 'show'), 'config:\n  user.rack: "7"\n');
    const { stderr } = await yurt.yurt(['config', 'set', 'core.x=7']);
    assert.match(stderr, /Unknown configuration key "core.x"/);
    await yurt.ok('config', 'unset', 'user.rack');
  });

  it('is completed from the tables of the server', async () => {
    const complete = async (...words: string[]) => (await yurt.ok('complete', '--', ...words)).split('\n').slice(1, -1);
    assert.deepEqual(await complete('config', 'set', 'we'), ['web\t']);
    assert.ok((await complete('config', 'set', 'web', 'limits.')).includes('limits.memory=\t'));
    assert.deepEqual(await complete('config', 'set', 'web', 'boot.autostart='), [
      'boot.autostart=false\t',
      'boot.autostart=true\t',
    ]);
    assert.ok((await complete('config', 'device', 'add', 'web', 'x', 'nic', 'net')).includes('network=\t'));
    await yurt.ok('config', 'set', 'web', 'user.mine=1');
    assert.deepEqual(await complete('config', 'unset', 'web', 'user.mi'), ['user.mine\t']);
  });
});

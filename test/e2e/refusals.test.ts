import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run } from '../../server/host/run.ts';
import { Daemon, projectRoot } from './harness/daemon.ts';
import { NetworkNamespace } from './harness/network-namespace.ts';
import { template } from './harness/template.ts';
import { loopFileSystem } from './storage/loop-file-system.ts';

const longMs = 4 * 60_000;

describe('what is wrong is refused with the reason', () => {
  let yurt: Daemon;

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('launch', 'tiny', 'taken');
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  const cases: [string, string[], RegExp][] = [
    ['an unknown image', ['launch', 'no-such-image', 'x'], /Error: .*no-such-image/],
    ['a name that is taken', ['launch', 'tiny', 'taken'], /Error: Instance "taken" already exists/],
    ['a name that is none', ['launch', 'tiny', 'under_score'], /Error: Invalid instance name "under_score"/],
    ['a key that is misspelt', ['launch', 'tiny', 'x', '-c', 'limits.memroy=1GiB'], /did you mean "limits.memory"/],
    ['a value that is none', ['launch', 'tiny', 'x', '-c', 'limits.memory=much'], /limits.memory: must be a size/],
    ['an unknown profile', ['launch', 'tiny', 'x', '-p', 'nope'], /Profile "nope" does not exist/],
    ['an unknown pool', ['launch', 'tiny', 'x', '-s', 'nope'], /Storage pool "nope" does not exist/],
    ['an unknown network', ['launch', 'tiny', 'x', '-n', 'nope'], /Network "nope" does not exist/],
    ['a flag that is wrong', ['launch', 'tiny', 'x', '--frobnicate'], /Error: .*frobnicate/],
    ['deleting what runs', ['delete', 'taken'], /currently running, stop it first or pass --force/],
    ['starting what runs', ['start', 'taken'], /already running/],
    ['what does not exist', ['stop', 'nobody'], /Instance "nobody" does not exist/],
  ];
  for (const [what, args, message] of cases) {
    it(what, async () => {
      const before = await yurt.ok('list', '-f', 'json', '-c', 'n');
      const result = await yurt.yurt(args);
      assert.equal(result.exitCode, 1);
      assert.match(result.stderr, message);
      assert.deepEqual(JSON.parse(await yurt.ok('list', '-f', 'json', '-c', 'n')).length, JSON.parse(before).length);
    });
  }

  it('a second daemon on the same directory', async () => {
    const second = await yurt.inNetwork(['env', `YURT_DIR=${yurt.directory}`, join(projectRoot, 'bin/yurtd')]);
    assert.equal(second.exitCode, 1);
    assert.match(second.stderr, /Error: Another yurtd runs on .*already/);
    assert.match(await yurt.ok('list', '-f', 'csv', '-c', 'ns'), /taken,RUNNING/);
  });
});

describe('a daemon that cannot run says why', () => {
  it('when it is given an argument that it does not know', async () => {
    for (const argument of ['--port', 'start']) {
      const result = await run([join(projectRoot, 'bin/yurtd'), argument], { env: { YURT_DIR: '/nowhere' } });
      assert.equal(result.exitCode, 1);
      assert.match(result.stderr, new RegExp(`Error: .*${argument}.*yurtd --help`));
    }
  });

  it('when its state is damaged, and touches nothing', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'yurt-e2e-'));
    await using namespace = await NetworkNamespace.create();
    try {
      mkdirSync(join(directory, 'state/db'), { recursive: true });
      writeFileSync(join(directory, 'state/db/CURRENT'), 'nonsense');
      const result = await run(namespace.enter([join(projectRoot, 'bin/yurtd')]), { env: { YURT_DIR: directory } });
      assert.equal(result.exitCode, 1);
      assert.match(result.stderr, /Error: Cannot open the state in .*state\/db/);
      assert.deepEqual(readdirSync(join(directory, 'images')), []);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('a full disk', () => {
  it('fails a launch with the pool named, leaves nothing half-made, and hurts no other instance', {
    timeout: longMs,
  }, async () => {
    await using disk = await loopFileSystem('ext4', 512);
    await using yurt = await Daemon.start(await template('tiny'), disk.directory);
    await yurt.ok('launch', 'tiny', 'first');
    const fill = ['exec', 'first', '--', 'sh', '-c', 'cat /dev/zero > /fill'];
    assert.match((await yurt.yurt(fill)).stderr, /No space left/);
    const result = await yurt.yurt(['launch', 'tiny', 'second']);
    assert.equal(result.exitCode, 1);
    assert.match(result.stderr, /Error: .*(space|full)/i);
    // As in the field, an instance that was made whole and could not be started stays.
    assert.match((await yurt.ok('list', '-f', 'csv', '-c', 'ns')).trim(), /^first,RUNNING(\nsecond,STOPPED)?$/);
    await yurt.ok('exec', 'first', '--', 'rm', '/fill');
    await yurt.yurt(['delete', 'second']);
    await yurt.ok('launch', 'tiny', 'second');
  });
});

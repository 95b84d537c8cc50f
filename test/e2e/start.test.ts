import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Daemon, projectRoot } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';

const longMs = 5 * 60_000;

/** What `npm start` does after the set-up, without systemd (test/vm/guest/service.test.ts has the other half). */
describe('npm start', { timeout: longMs }, () => {
  let yurt: Daemon;
  const start = async () => {
    const argv = [join(projectRoot, 'bin/node'), join(projectRoot, 'bin/start.ts')];
    return await yurt.inNetwork(argv, { env: { YURT_DIR: yurt.directory } });
  };
  const background = () => Number(readFileSync(join(yurt.directory, 'run/yurtd.pid'), 'utf8'));

  before(
    async () => {
      yurt = await Daemon.start();
      await yurt.signal('SIGTERM');
    },
    { timeout: longMs },
  );
  after(async () => {
    const pid = background();
    process.kill(pid, 'SIGTERM');
    await eventually(() => assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }));
    await yurt[Symbol.asyncDispose]();
  });

  it('goes from nothing to a command in a first instance, and says what to try next', async () => {
    const { exitCode, stdout, stderr } = await start();
    assert.equal(exitCode, 0, stdout + stderr);
    assert.match(stdout, /^yurtd runs in the background: process \d+, log /);
    for (const part of ['image build tiny', 'launch tiny first', 'Hello from first', 'Try next:', 'bin/yurt --help']) {
      assert.ok(stdout.includes(part), `${part} in ${stdout}`);
    }
    assert.equal(await yurt.ok('list', '-f', 'csv', '-c', 'ns'), 'first,RUNNING\n');
  });

  it('says what is there when it is run again, and starts what was stopped', async () => {
    const pid = background();
    const again = await start();
    assert.match(again.stdout, /^yurtd is running\.\nThe image tiny is there\.\nThe instance first is running\.\n/);
    await yurt.ok('stop', '-f', 'first');
    assert.match((await start()).stdout, /start first\n.*Hello from first/s);
    assert.equal(background(), pid);
  });
});

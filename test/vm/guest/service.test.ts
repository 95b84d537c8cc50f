import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { run, runChecked } from '../../../server/host/run.ts';
import { eventually } from '../../e2e/harness/eventually.ts';

const longMs = 5 * 60_000;
const units = ['yurt-instances.service', 'yurtd.service'];

/** What `npm start` does on a machine that systemd runs; the only test of a server in the system's own directories. */
describe('yurtd as a service', () => {
  const ok = async (...argv: string[]) => (await runChecked(run, argv)).stdout;
  const yurt = (...args: string[]) => ok('bin/yurt', ...args);
  const property = async (unit: string, name: string) => (await ok('systemctl', 'show', '-P', name, unit)).trim();
  const state = async (unit: string) => (await run(['systemctl', 'is-active', unit])).stdout.trim();
  const initPid = async () => JSON.parse(await yurt('list', 'first', '-f', 'json'))[0].state.pid;
  let started = '';

  before(
    async () => {
      started = await ok('bin/node', 'bin/start.ts');
    },
    { timeout: longMs },
  );

  after(
    async () => {
      await run(['bin/yurt', 'delete', '-f', 'first']);
      await run(['systemctl', 'disable', '--now', ...units]);
      for (const unit of units) rmSync(`/etc/systemd/system/${unit}`, { force: true });
      await run(['systemctl', 'daemon-reload']);
      for (const path of ['/var/lib/yurt', '/var/log/yurt']) rmSync(path, { recursive: true, force: true });
    },
    { timeout: longMs },
  );

  it('starts at once and at each boot, and says where to look', async () => {
    assert.match(started, /yurtd runs as a service/);
    assert.match(started, /Hello from first/);
    for (const unit of units) {
      assert.equal(await state(unit), 'active');
      assert.equal((await ok('systemctl', 'is-enabled', unit)).trim(), 'enabled');
    }
    assert.match(await ok('journalctl', '-u', 'yurtd', '-o', 'cat'), /yurtd is ready/);
    assert.match(await ok('bin/node', 'bin/start.ts'), /^yurtd is running/);
  });

  it('leaves instances alone when it is restarted, stopped or killed', { timeout: longMs }, async () => {
    const init = await initPid();
    await ok('systemctl', 'restart', 'yurtd');
    assert.equal(await initPid(), init);
    await ok('systemctl', 'stop', 'yurtd');
    const { stderr } = await run(['bin/yurt', 'list']);
    assert.match(stderr, /it is not running\. Start it with "systemctl start yurtd"/);
    await ok('systemctl', 'start', 'yurtd');
    assert.equal(await initPid(), init);
    const server = await property('yurtd', 'MainPID');
    await ok('systemctl', 'kill', '-s', 'KILL', '--kill-who=main', 'yurtd');
    await eventually(async () => {
      assert.notEqual(await property('yurtd', 'MainPID'), server);
      assert.equal(await state('yurtd'), 'active');
    });
    assert.equal(await initPid(), init);
    assert.equal(await yurt('exec', 'first', '--', 'hostname'), 'first\n');
    assert.equal(await state('yurt-instances'), 'active');
  });

  it('stops instances in order when the host shuts down, and starts them again with it', {
    timeout: longMs,
  }, async () => {
    const init = await initPid();
    // What systemd does at a shutdown: what was started later is stopped first.
    await ok('systemctl', 'stop', ...units);
    assert.equal(await state('yurt-instances'), 'inactive');
    assert.equal(await state('yurtd'), 'inactive');
    assert.match(await ok('journalctl', '-u', 'yurtd', '-o', 'cat'), /stopping/);
    assert.throws(() => process.kill(init, 0), { code: 'ESRCH' });
    await ok('systemctl', 'start', 'yurtd');
    assert.equal(await state('yurt-instances'), 'active');
    await eventually(async () => assert.equal(await yurt('list', 'first', '-f', 'csv', '-c', 's'), 'RUNNING\n'));
    assert.notEqual(await initPid(), init);
  });
});

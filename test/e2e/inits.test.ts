import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { template } from './harness/template.ts';
import { initRecipes } from './inits/recipes.ts';

const buildTimeoutMs = 15 * 60_000;
const longMs = 4 * 60_000;
/** A stop that is not done by then has not understood how this init is asked; the default is ten minutes. */
const stopTimeoutSeconds = 60;

/** How a system's own root ends it. */
const commands = {
  sysvinit: { reboot: ['reboot'], powerOff: ['poweroff'] },
  openrc: { reboot: ['reboot'], powerOff: ['shutdown', '-h', '-P', 'now'] },
  'openrc-init': { reboot: ['openrc-shutdown', '--reboot', 'now'], powerOff: ['openrc-shutdown', '--poweroff', 'now'] },
} as const;

describe('a system with another init', () => {
  let yurt: Daemon;

  before(
    async () => {
      const images = Object.values(initRecipes).map((recipe) => ({ recipe }));
      yurt = await Daemon.start(await template(...images));
    },
    { timeout: buildTimeoutMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  for (const [kind, { reboot, powerOff }] of Object.entries(commands)) {
    describe(kind, () => {
      const column = async (name: string) => (await yurt.ok('list', kind, '-f', 'csv', '-c', name)).trim();
      const witness = async () => (await yurt.ok('exec', kind, '--', 'cat', '/var/lib/witness')).trim().split('\n');
      const witnessed = async (...lines: string[]) =>
        await eventually(async () => assert.deepEqual(await witness(), lines), longMs);

      it('boots: it is ready, has an address and runs its services', { timeout: longMs }, async () => {
        await yurt.ok('launch', kind, kind);
        await eventually(async () => {
          const [found] = JSON.parse(await yurt.ok('list', kind, '-f', 'json'));
          assert.equal(found.state.ready, true);
        });
        await witnessed('start');
        await eventually(async () => assert.match(await column('s4'), /^RUNNING,\d+\.\d+\.\d+\.\d+ \(eth0\)$/));
      });

      it('has one getty, on the console', async () => {
        await eventually(async () => {
          const gettys = await yurt.ok('exec', kind, '--', 'ps', '-C', 'agetty,login', '-o', 'args=');
          assert.equal(gettys.trim().split('\n').length, 1);
        });
      });

      it('restarts cleanly, and keeps its root', { timeout: longMs }, async () => {
        await yurt.ok('restart', kind, '--timeout', String(stopTimeoutSeconds));
        await witnessed('start', 'stop', 'start');
      });

      it('restarts when it reboots itself', { timeout: longMs }, async () => {
        const pid = await column('p');
        await yurt.yurt(['exec', kind, '--', ...reboot]);
        await eventually(async () => assert.ok(!['', '-', pid].includes(await column('p'))), longMs);
        await witnessed('start', 'stop', 'start', 'stop', 'start');
      });

      it('stops when it powers itself off', { timeout: longMs }, async () => {
        await yurt.yurt(['exec', kind, '--', ...powerOff]);
        await eventually(async () => assert.equal(await column('s'), 'STOPPED'), longMs);
      });

      it('stops when it is asked, with its stop scripts run', { timeout: longMs }, async () => {
        await yurt.ok('start', kind);
        const line = Array.from({ length: 4 }, () => ['start', 'stop']).flat();
        await witnessed(...line.slice(0, -1));
        await yurt.ok('stop', kind, '--timeout', String(stopTimeoutSeconds));
        assert.equal(await column('s'), 'STOPPED');
        await yurt.ok('start', kind);
        await witnessed(...line, 'start');
      });

      it('stops also right after its start', { timeout: longMs }, async () => {
        await yurt.ok('restart', kind, '--timeout', String(stopTimeoutSeconds));
        await yurt.ok('stop', kind, '--timeout', String(stopTimeoutSeconds));
        await yurt.ok('delete', kind);
      });
    });
  }
});

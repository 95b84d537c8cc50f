import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon } from './harness/daemon.ts';
import { template } from './harness/template.ts';

const longMs = 4 * 60_000;

describe('the files of the agent, inside', () => {
  let yurt: Daemon;

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('launch', 'tiny', 't1');
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  const sh = async (script: string) => await yurt.yurt(['exec', 't1', '--', '/bin/sh', '-c', script]);

  it('cannot be written to, also not after root has mounted them again', async () => {
    await sh('mount -o remount,rw /dev/.yurt; mount -o remount,bind,rw /dev/.yurt');
    // Where AppArmor guards mounts there is no second one to try.
    const bound = await sh('mount --bind /dev/.yurt /mnt && mount -o remount,bind,rw /mnt; ls /mnt/agent.cjs');
    for (const directory of bound.exitCode === 0 ? ['/dev/.yurt', '/mnt'] : ['/dev/.yurt']) {
      const { stderr } = await sh(`ls ${directory}/agent.cjs >&2; touch ${directory}/new`);
      assert.match(stderr, /agent\.cjs\n.*Read-only file system/);
    }
    assert.equal((await sh('true')).exitCode, 0);
  });

  it('stay when the server starts again, and are on the host only while it runs', async () => {
    const onHost = async () =>
      (await yurt.inNetwork(['findmnt', '-n', '-o', 'SOURCE', `${yurt.directory}/run/agent`])).stdout;
    assert.match(await onHost(), /^yurt-agent-[0-9a-f]{32}\n$/);
    await yurt.signal('SIGKILL');
    await yurt.up();
    assert.match(await onHost(), /^yurt-agent-[0-9a-f]{32}\n$/, 'one, not two');
    await yurt.signal('SIGTERM');
    assert.equal(await onHost(), '');
    await yurt.up();
    assert.equal((await sh('true')).exitCode, 0);
  });
});

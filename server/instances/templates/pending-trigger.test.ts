import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ended, type FakeServer, fakeServer } from '../../../test/fakes/instances.ts';
import { pendingTrigger } from './pending-trigger.ts';

async function made(start: boolean): Promise<FakeServer> {
  const server = await fakeServer();
  const request = { name: 'web', project: 'default', image: 'tiny', description: '', ephemeral: false };
  const { operation } = await server.instances.create(
    { ...request, profiles: ['default'], config: {}, devices: {} },
    start,
  );
  assert.equal((await ended(server, operation)).status, 'succeeded');
  return server;
}

async function due(server: FakeServer, name = 'web') {
  return pendingTrigger((await server.records.get('default', name)).config);
}

const copy = {
  ...{ project: 'default', source: 'web', snapshot: '', targetProject: 'default', name: 'copy', ephemeral: false },
  ...{ profiles: undefined, config: {}, devices: {}, instanceOnly: true, refresh: false, pool: '' },
};

describe('what the next start writes templates for', () => {
  it('is the creation, until it has started once', async () => {
    const stopped = await made(false);
    assert.equal(await due(stopped), 'create');
    await ended(stopped, await stopped.instances.start('default', 'web'));
    assert.equal(await due(stopped), undefined);
    const started = await made(true);
    assert.equal(await due(started), undefined);
  });

  it('stays due when a start fails before the files are written', async () => {
    const server = await made(false);
    for (let failAt = 1; ; failAt += 1) {
      const before = server.world.effects;
      server.world.failAt = before + failAt;
      const { status, fault } = await ended(server, await server.instances.start('default', 'web'));
      server.world.failAt = 0;
      assert.equal(status, 'failed');
      if (/write templates/.test(fault?.message ?? '')) break;
    }
    assert.equal(await due(server), 'create');
  });

  it('is the copy or the new name, or still the creation of what never started', async () => {
    const server = await made(true);
    await ended(server, (await server.moves.copy(copy, false)).operation);
    assert.equal(await due(server, 'copy'), 'copy');
    assert.equal(await due(server), undefined);
    await server.moves.move({
      project: 'default',
      name: 'copy',
      newName: 'renamed',
      targetProject: 'default',
      pool: '',
    });
    assert.equal(await due(server, 'renamed'), 'rename');
    const fresh = await made(false);
    await ended(fresh, (await fresh.moves.copy(copy, false)).operation);
    assert.equal(await due(fresh, 'copy'), 'create');
    await fresh.moves.move({ project: 'default', name: 'web', newName: 'renamed', targetProject: 'default', pool: '' });
    assert.equal(await due(fresh, 'renamed'), 'create');
  });
});

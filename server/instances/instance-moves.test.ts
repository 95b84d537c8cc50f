import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dieAt } from '../../test/fakes/death.ts';
import { ended, type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import type { StorageDriver } from '../storage/contract.ts';
import type { CopyRequest } from './copy-instance.ts';

const request: CopyRequest = {
  ...{ project: 'default', source: 'web', snapshot: '', targetProject: 'default', name: 'copy', ephemeral: false },
  ...{ profiles: undefined, config: {}, devices: {}, instanceOnly: false, refresh: false, pool: '' },
};

/** An instance with two snapshots. */
async function prepared(start = true): Promise<FakeServer> {
  const server = await fakeServer();
  const create = { name: 'web', project: 'default', image: 'tiny', description: 'a', ephemeral: false };
  const content = { profiles: ['default'], config: { 'user.colour': 'blue' }, devices: {} };
  await ended(server, (await server.instances.create({ ...create, ...content }, start)).operation);
  for (const name of ['one', 'two']) {
    const snapshot = { project: 'default', instance: 'web', name, expiry: '', noExpiry: false, reuse: false };
    await ended(server, (await server.snapshots.create(snapshot)).operation);
  }
  return server;
}

async function copy(server: FakeServer, change: Partial<CopyRequest> = {}, start = false) {
  return await ended(server, (await server.moves.copy({ ...request, ...change }, start)).operation);
}

async function snapshotsOf(server: FakeServer, name: string): Promise<string[]> {
  return (await server.snapshots.list(await server.records.get('default', name))).map(({ name: each }) => each).sort();
}

describe('copying an instance', () => {
  it('makes another of its own: configuration and snapshots alike, identity, addresses and ids new', async () => {
    const server = await prepared();
    assert.equal((await copy(server)).status, 'succeeded');
    const [web, made] = [await server.records.get('default', 'web'), await server.records.get('default', 'copy')];
    assert.notEqual(made.uuid, web.uuid);
    assert.notEqual(made.idMap.hostBase, web.idMap.hostBase);
    assert.equal(made.config['user.colour'], 'blue');
    assert.notEqual(made.config['volatile.eth0.hwaddr'], web.config['volatile.eth0.hwaddr']);
    assert.equal(made.config['volatile.base_image'], web.config['volatile.base_image']);
    assert.equal(made.power, 'stopped');
    assert.deepEqual(await snapshotsOf(server, 'copy'), ['one', 'two']);
    assert.equal(server.supervisor.status(web.uuid), 'running');
  });

  it('takes what the request says over what the source has', async () => {
    const server = await prepared();
    const devices = { eth0: { hwaddr: '00:16:3e:aa:bb:cc' } };
    await copy(server, {
      config: { 'user.colour': '', 'user.size': 'big' },
      devices,
      instanceOnly: true,
      ephemeral: true,
    });
    const made = await server.records.get('default', 'copy');
    assert.deepEqual([made.config['user.colour'], made.config['user.size']], [undefined, 'big']);
    assert.deepEqual(made.devices['eth0'], {
      type: 'nic',
      name: 'eth0',
      network: 'yurtbr0',
      hwaddr: '00:16:3e:aa:bb:cc',
    });
    assert.equal(made.ephemeral, true);
    assert.deepEqual(await snapshotsOf(server, 'copy'), []);
  });

  it('of a snapshot has the configuration that was kept, and no snapshots', async () => {
    const server = await prepared();
    const web = await server.records.get('default', 'web');
    await server.records.update(web, { config: { ...web.config, 'user.colour': 'red' } });
    await copy(server, { snapshot: 'one' }, true);
    const made = await server.records.get('default', 'copy');
    assert.equal(made.config['user.colour'], 'blue');
    assert.deepEqual(await snapshotsOf(server, 'copy'), []);
    assert.equal(server.supervisor.status(made.uuid), 'running');
  });

  it('leaves nothing, and the source running, whichever step fails', async () => {
    const whole = await prepared();
    const first = whole.world.effects;
    await copy(whole);
    const steps = whole.world.effects - first;
    assert.ok(steps >= 5, `${steps} steps`);
    for (let step = 1; step <= steps; step += 1) {
      const server = await prepared();
      const before = server.world.snapshot();
      server.world.failAt = server.world.effects + step;
      const { status, fault } = await copy(server);
      const { uuid } = await server.records.get('default', 'web');
      assert.equal(server.world.containers.get(uuid)?.status, 'running', `after step ${step}`);
      if (status === 'succeeded') continue; // letting go of the source is tried again
      assert.equal(fault?.code, 'exhausted');
      server.world.failAt = 0;
      assert.deepEqual(server.world.snapshot(), before, `after step ${step}`);
      assert.equal(await server.records.find('default', 'copy'), undefined);
      assert.equal((await server.store.list('snapshot/')).length, 2);
      assert.equal((await server.store.list('idrange/')).length, 1);
      for (const name of ['web', 'copy']) assert.equal(server.locks.current('default', name), undefined);
      assert.equal((await copy(server)).status, 'succeeded', `again after step ${step}`);
    }
  });

  it('that a server dies in is removed by the next one', async () => {
    const before = await prepared(false);
    await copy(before);
    await before.records.update(await before.records.get('default', 'copy'), { phase: 'creating' });
    const after = await fakeServer(before.world, before.store);
    await after.restart(false);
    assert.equal(await after.records.find('default', 'copy'), undefined);
    assert.equal((await after.store.list('snapshot/')).length, 2);
    assert.equal(after.world.snapshots.size, 2);
  });

  it('is refused before anything changes when it is wrong', async () => {
    const server = await prepared();
    const wrong: [Partial<CopyRequest>, string][] = [
      [{ source: 'nope' }, 'not-found'],
      [{ snapshot: 'nope' }, 'not-found'],
      [{ name: 'web' }, 'already-exists'],
      [{ name: '-x' }, 'invalid'],
      [{ profiles: ['nope'] }, 'not-found'],
      [{ profiles: [] }, 'invalid'],
      [{ config: { 'limits.memroy': '1GiB' } }, 'invalid'],
      [{ config: { 'volatile.eth0.hwaddr': '00:16:3e:00:00:01' } }, 'invalid'],
      [{ devices: { eth0: { network: 'nope' } } }, 'not-found'],
      [{ pool: 'fast' }, 'unsupported'],
    ];
    const before = server.world.snapshot();
    for (const [change, code] of wrong) {
      await assert.rejects(server.moves.copy({ ...request, ...change }, false), { code }, JSON.stringify(change));
    }
    assert.deepEqual(server.world.snapshot(), before);
    assert.equal((await server.records.list()).length, 1);
  });
});

describe('refreshing a copy', () => {
  /** A copy whose source has gone on: another snapshot, one less, one taken anew, another image. */
  async function outdated(start = true): Promise<FakeServer> {
    const server = await prepared(start);
    await copy(server, { config: { 'user.colour': 'green' } });
    await ended(server, await server.snapshots.delete('default', 'web', 'one'));
    for (const name of ['two', 'three']) {
      const taken = { project: 'default', instance: 'web', name, expiry: '', noExpiry: false, reuse: true };
      await ended(server, (await server.snapshots.create(taken)).operation);
    }
    const web = await server.records.get('default', 'web');
    const image = { fingerprint: 'e'.repeat(64), description: 'newer' };
    await server.records.update(web, { image, config: { ...web.config, 'image.os': 'Newer', 'user.colour': 'red' } });
    const { record, revision } = await server.metadata.get(web);
    await server.metadata.put(web.uuid, { ...record, files: [{ name: 'a.tpl', content: 'newer' }] }, revision);
    return server;
  }
  const refresh = (server: FakeServer, change: Partial<CopyRequest> = {}, start = false) =>
    copy(server, { refresh: true, ...change }, start);

  it('gives it root and snapshots of its source, and leaves its configuration and identity', async () => {
    const server = await outdated();
    const before = await server.records.get('default', 'copy');
    assert.equal((await refresh(server)).status, 'succeeded');
    const after = await server.records.get('default', 'copy');
    assert.deepEqual([after.uuid, after.idMap, after.devices], [before.uuid, before.idMap, before.devices]);
    assert.equal(after.config['volatile.eth0.hwaddr'], before.config['volatile.eth0.hwaddr']);
    assert.deepEqual([after.config['user.colour'], after.config['image.os']], ['green', 'Newer']);
    assert.equal((await server.metadata.find(after.uuid))?.files[0]?.content, 'newer');
    assert.deepEqual([after.image.description, after.pending], ['newer', undefined]);
    assert.equal(after.config['volatile.apply_template'], 'copy', 'what is written at the next start');
    assert.deepEqual(await snapshotsOf(server, 'copy'), ['three', 'two']);
    const moment = async (name: string) => (await server.snapshots.get('default', name, 'two')).createdAt;
    assert.equal(await moment('copy'), await moment('web'));
    assert.equal((await server.store.list('snapshot/')).length, 4);
    assert.equal(server.world.snapshots.size, 4);
    assert.equal((await refresh(server, {}, true)).status, 'succeeded');
    assert.equal(server.supervisor.status(after.uuid), 'running');
  });

  it('makes one that does not exist, and can leave snapshots alone', async () => {
    const server = await prepared();
    assert.equal((await refresh(server)).status, 'succeeded');
    await ended(server, await server.snapshots.delete('default', 'copy', 'two'));
    assert.equal((await refresh(server, { instanceOnly: true })).status, 'succeeded');
    assert.equal((await refresh(server, { snapshot: 'one' })).status, 'succeeded');
    assert.deepEqual(await snapshotsOf(server, 'copy'), ['one']);
  });

  it('is refused while it runs, of itself, and with configuration', async () => {
    const server = await outdated();
    const wrong: [Partial<CopyRequest>, string][] = [
      [{ name: 'web' }, 'invalid'],
      [{ source: 'nope' }, 'not-found'],
      [{ snapshot: 'one' }, 'not-found'],
      [{ config: { 'user.a': 'b' } }, 'invalid'],
      [{ profiles: [] }, 'invalid'],
      [{ ephemeral: true }, 'invalid'],
    ];
    const tried = (change: Partial<CopyRequest>) => server.moves.copy({ ...request, refresh: true, ...change }, false);
    for (const [change, code] of wrong) await assert.rejects(tried(change), { code }, JSON.stringify(change));
    await ended(server, await server.instances.start('default', 'copy'));
    await assert.rejects(tried({}), { code: 'wrong-state' });
  });

  it('leaves what was, whichever step fails', async () => {
    const whole = await outdated();
    const first = whole.world.effects;
    await refresh(whole);
    const steps = whole.world.effects - first;
    assert.ok(steps >= 5, `${steps} steps`);
    for (let step = 1; step <= steps; step += 1) {
      const server = await outdated();
      const [before, was] = [server.world.snapshot(), await server.records.get('default', 'copy')];
      server.world.failAt = server.world.effects + step;
      const { status } = await refresh(server);
      server.world.failAt = 0;
      if (status === 'succeeded') continue; // letting go of the source is tried again
      assert.deepEqual(server.world.snapshot(), before, `after step ${step}`);
      assert.deepEqual(await server.records.get('default', 'copy'), was);
      assert.equal((await server.metadata.find(was.uuid))?.files[0], undefined);
      assert.deepEqual(await snapshotsOf(server, 'copy'), ['one', 'two']);
      for (const name of ['web', 'copy']) assert.equal(server.locks.current('default', name), undefined);
      assert.equal((await refresh(server)).status, 'succeeded', `again after step ${step}`);
    }
  });

  it('is finished or undone by the next server, at whichever step one dies', async () => {
    for (let step = 1; ; step += 1) {
      const dying = await outdated();
      dieAt(dying, step);
      const { status } = await refresh(dying);
      const { world, store } = dying;
      if (!world.dead) {
        assert.equal(status, 'succeeded');
        assert.ok(step > 5, `${step} steps`);
        return;
      }
      dying.supervisor.close();
      Object.assign(world, { dead: false, dieAt: 0 });
      const after = await fakeServer(world, store);
      await after.restart(false);
      assert.equal((await after.records.get('default', 'copy')).pending, undefined, `step ${step}`);
      const { uuid } = await after.records.get('default', 'web');
      assert.equal(world.containers.get(uuid)?.status, 'running');
      assert.equal((await store.list('snapshot/')).length, world.snapshots.size, `step ${step}`);
      assert.equal((await refresh(after)).status, 'succeeded', `again after step ${step}`);
      assert.deepEqual(await snapshotsOf(after, 'copy'), ['three', 'two']);
    }
  });

  it('goes on where a server died that had recorded it', async () => {
    const before = await outdated(false);
    const [web, made] = [await before.records.get('default', 'web'), await before.records.get('default', 'copy')];
    const { uuid } = await before.snapshots.get('default', 'web', 'two');
    const restored: string[] = [];
    Object.assign(before.world.storage, {
      restoreSnapshot: async (...[, , snapshot]: Parameters<StorageDriver['restoreSnapshot']>) => {
        restored.push(snapshot);
      },
    });
    for (const snapshot of [uuid, 'gone']) {
      const pending = { kind: 'refresh', source: web.uuid, snapshot, newImage: true, start: false } as const;
      await before.records.update(made, { pending });
      const after = await fakeServer(before.world, before.store);
      await after.restart(false);
      assert.equal((await after.records.get('default', 'copy')).pending, undefined);
    }
    assert.deepEqual(restored, [uuid]);
  });
});

describe('renaming an instance', () => {
  const move = { project: 'default', name: 'web', newName: 'www', targetProject: 'default', pool: '' };

  it('keeps everything but the name', async () => {
    const server = await prepared(false);
    const before = await server.records.get('default', 'web');
    await server.moves.move(move);
    assert.deepEqual(await server.records.get('default', 'www'), { ...before, name: 'www' });
    assert.equal(await server.records.find('default', 'web'), undefined);
    assert.deepEqual(await snapshotsOf(server, 'www'), ['one', 'two']);
  });

  it('is refused while it runs, to a taken name, and to its own', async () => {
    const server = await prepared();
    await assert.rejects(server.moves.move(move), { code: 'wrong-state' });
    await ended(server, await server.instances.stop('default', 'web', { force: true, timeoutSeconds: 0 }));
    await copy(server);
    await assert.rejects(server.moves.move({ ...move, newName: 'copy' }), { code: 'already-exists' });
    await assert.rejects(server.moves.move({ ...move, newName: 'web' }), { code: 'invalid' });
    await assert.rejects(server.moves.move({ ...move, newName: 'a/b' }), { code: 'invalid' });
    await assert.rejects(server.moves.move({ ...move, pool: 'fast' }), { code: 'unsupported' });
    await assert.rejects(
      server.moves.move({ ...move, newName: '', pool: 'default' }),
      /is in storage pool "default" already/,
    );
    await server.moves.move(move);
  });
});

describe('rebuilding an instance', () => {
  const rebuild = async (server: FakeServer, force = true) =>
    await ended(server, await server.moves.rebuild('default', 'web', 'tiny', force));

  it('needs force while it runs; then it runs again', async () => {
    const server = await prepared();
    await assert.rejects(server.moves.rebuild('default', 'web', 'tiny', false), { code: 'wrong-state' });
    assert.equal((await rebuild(server)).status, 'succeeded');
    const { uuid, config, pending } = await server.records.get('default', 'web');
    assert.equal(server.supervisor.status(uuid), 'running');
    assert.deepEqual([config['user.colour'], config['image.os'], pending], ['blue', 'Fake', undefined]);
    assert.deepEqual(await snapshotsOf(server, 'web'), ['one', 'two']);
  });

  it('leaves what was, whichever step fails', async () => {
    const whole = await prepared();
    const first = whole.world.effects;
    await rebuild(whole);
    for (let step = 1; step <= whole.world.effects - first; step += 1) {
      const server = await prepared();
      server.world.failAt = server.world.effects + step;
      const { status } = await rebuild(server);
      if (status === 'succeeded') continue; // a step of the cleaning up after a run keeps nothing else
      server.world.failAt = 0;
      const { pending } = await server.records.get('default', 'web');
      assert.equal(pending, undefined);
      assert.equal((await rebuild(server)).status, 'succeeded', `again after step ${step}`);
    }
  });

  it('runs again in the end, at whichever step a server dies', async () => {
    for (let step = 1; ; step += 1) {
      const dying = await prepared();
      dieAt(dying, step);
      const { status } = await rebuild(dying);
      const { world, store } = dying;
      if (!world.dead) {
        assert.equal(status, 'succeeded');
        assert.ok(step > 3, `${step} steps`);
        return;
      }
      dying.supervisor.close();
      Object.assign(world, { dead: false, dieAt: 0 });
      const after = await fakeServer(world, store);
      const started = (await after.restart(false)).map(({ name }) => name);
      const { uuid, pending } = await after.records.get('default', 'web');
      const runs = world.containers.get(uuid)?.status === 'running' || started.includes('web');
      assert.deepEqual([runs, pending], [true, undefined], `step ${step}`);
    }
  });

  it('is finished by the next server, when one dies after it has begun', async () => {
    const before = await prepared(false);
    const web = await before.records.get('default', 'web');
    await before.records.update(web, { pending: { kind: 'rebuild', fingerprint: 'f'.repeat(64), start: true } });
    const after = await fakeServer(before.world, before.store);
    assert.equal((await after.restart(false)).length, 1);
    assert.equal((await after.records.get('default', 'web')).pending, undefined);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ended, type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import { SnapshotSchedule } from './snapshot-schedule.ts';
import type { CreateSnapshotRequest } from './snapshots.ts';

const request: CreateSnapshotRequest = {
  ...{ project: 'default', instance: 'web', name: '', expiry: '', noExpiry: false, reuse: false },
};

async function launched(start = true): Promise<FakeServer> {
  const server = await fakeServer();
  const create = { name: 'web', project: 'default', image: 'tiny', description: 'first', ephemeral: false };
  const content = { profiles: ['default'], config: { 'user.colour': 'blue' }, devices: {} };
  await ended(server, (await server.instances.create({ ...create, ...content }, start)).operation);
  return server;
}

async function take(server: FakeServer, change: Partial<CreateSnapshotRequest> = {}) {
  return await ended(server, (await server.snapshots.create({ ...request, ...change })).operation);
}

async function names(server: FakeServer): Promise<string[]> {
  return (await server.snapshots.list(await server.records.get('default', 'web'))).map(({ name }) => name).sort();
}

const restore = async (server: FakeServer, name: string) =>
  await ended(server, await server.snapshots.restore('default', 'web', name));

/** Runs `act` with each of its steps failing in turn; `check` looks at what is left. */
async function eachStep(
  prepare: () => Promise<FakeServer>,
  act: (server: FakeServer) => Promise<{ status: string; fault?: { code: string } }>,
  check: (server: FakeServer, before: readonly string[]) => Promise<void>,
): Promise<void> {
  for (let step = 1; ; step += 1) {
    const server = await prepare();
    const before = server.world.snapshot();
    server.world.failAt = server.world.effects + step;
    const { status, fault } = await act(server);
    if (status === 'succeeded') {
      assert.ok(step > 1);
      return;
    }
    assert.equal(fault?.code, 'exhausted');
    server.world.failAt = 0;
    assert.equal(server.locks.current('default', 'web'), undefined);
    await check(server, before);
    assert.equal((await act(server)).status, 'succeeded', `again after step ${step}`);
  }
}

describe('taking a snapshot', () => {
  it('is refused where the project forbids it', async () => {
    const server = await launched();
    const project = await server.projects.get('default');
    const restricted = { ...project.config, restricted: 'true' };
    await server.projects.update({ ...project, config: restricted }, '');
    await assert.rejects(server.snapshots.create(request), {
      code: 'forbidden',
      message: /restricted\.snapshots=block/,
    });
    assert.deepEqual(await names(server), []);
    await server.projects.update({ ...project, config: { ...restricted, 'restricted.snapshots': 'allow' } }, '');
    assert.equal((await take(server)).status, 'succeeded');
  });

  it('keeps root and record, under the next free number', async () => {
    const server = await launched();
    await take(server);
    await take(server);
    await take(server, { name: 'snap7' });
    await take(server);
    assert.deepEqual(await names(server), ['snap0', 'snap1', 'snap7', 'snap8']);
    assert.equal(server.world.snapshots.size, 4);
    assert.equal((await server.snapshots.get('default', 'web', 'snap0')).kept.config['user.colour'], 'blue');
  });

  it('holds a running instance still only while it is copied', async () => {
    const server = await launched();
    assert.equal((await take(server)).status, 'succeeded');
    assert.deepEqual(
      [...server.world.containers.values()].map(({ status }) => status),
      ['running'],
    );
    assert.deepEqual(await server.store.list('freeze/'), []);
  });

  it('leaves a paused instance paused', async () => {
    const server = await launched();
    await ended(server, await server.instances.pause('default', 'web'));
    await take(server);
    assert.equal(server.supervisor.status((await server.records.get('default', 'web')).uuid), 'paused');
    assert.deepEqual(
      [...server.world.containers.values()].map(({ status }) => status),
      ['paused'],
    );
  });

  it('leaves everything as it was, and the instance running, whichever step fails', async () => {
    await eachStep(launched, take, async (server, before) => {
      assert.deepEqual(server.world.snapshot(), before);
      assert.deepEqual(await names(server), []);
    });
  });

  it('refuses a taken name, unless it is to be replaced', async () => {
    const server = await launched(false);
    await take(server, { name: 'one' });
    await assert.rejects(server.snapshots.create({ ...request, name: 'one' }), { code: 'already-exists' });
    const [first] = [...server.world.snapshots];
    assert.equal((await take(server, { name: 'one', reuse: true })).status, 'succeeded');
    assert.deepEqual(await names(server), ['one']);
    assert.equal(server.world.snapshots.has(first ?? ''), false);
  });

  it('refuses wrong names and expiries before anything changes', async () => {
    const server = await launched(false);
    for (const name of ['a/b', '..', ' ', '-x', 'x'.repeat(64), 'a\nb', '{% include "/etc/shadow" %}']) {
      await assert.rejects(server.snapshots.create({ ...request, name }), { code: 'invalid' }, name);
    }
    for (const expiry of ['soon', '2001-01-01', '-1d', '1x']) {
      await assert.rejects(server.snapshots.create({ ...request, expiry }), { code: 'invalid' }, expiry);
    }
    await assert.rejects(server.snapshots.create({ ...request, instance: 'nope' }), { code: 'not-found' });
    assert.equal(server.world.snapshots.size, 0);
  });
});

describe('restoring an instance', () => {
  const changed = async () => {
    const server = await launched();
    await take(server, { name: 'good' });
    const instance = await server.records.get('default', 'web');
    await server.records.update(instance, {
      description: 'second',
      config: { ...instance.config, 'user.colour': 'red', 'user.size': 'big' },
    });
    return server;
  };

  it('brings its configuration back, and keeps its addresses; what ran runs again', async () => {
    const server = await changed();
    const before = await server.records.get('default', 'web');
    assert.equal((await restore(server, 'good')).status, 'succeeded');
    const after = await server.records.get('default', 'web');
    assert.equal(after.description, 'first');
    assert.deepEqual([after.config['user.colour'], after.config['user.size']], ['blue', undefined]);
    assert.equal(after.config['volatile.eth0.hwaddr'], before.config['volatile.eth0.hwaddr']);
    assert.equal(server.supervisor.status(after.uuid), 'running');
    assert.equal(after.pending, undefined);
  });

  it('leaves what was, whichever step fails', async () => {
    await eachStep(
      changed,
      (server) => restore(server, 'good'),
      async (server) => {
        const { description, pending } = await server.records.get('default', 'web');
        assert.equal(pending, undefined);
        // The last step is the start: by then everything is restored.
        assert.ok(['first', 'second'].includes(description));
      },
    );
  });

  it('is finished by the next server, when one dies after it has begun', async () => {
    const before = await changed();
    const instance = await before.records.get('default', 'web');
    const { uuid } = await before.snapshots.get('default', 'web', 'good');
    await before.records.update(instance, { pending: { kind: 'restore', snapshot: uuid, start: true } });
    before.supervisor.close();
    before.world.containers.clear();
    const after = await fakeServer(before.world, before.store);
    assert.deepEqual(
      (await after.restart(false)).map(({ name }) => name),
      ['web'],
    );
    const restored = await after.records.get('default', 'web');
    assert.equal(restored.description, 'first');
    assert.equal(restored.pending, undefined);
  });
});

describe('a server that starts again, with snapshots', () => {
  it('lets go what an earlier one held still', async () => {
    const before = await launched();
    const { uuid } = await before.records.get('default', 'web');
    await before.store.commit({ put: [{ key: `freeze/${uuid}`, value: true }] });
    await before.world.runtime.pause(uuid);
    before.supervisor.close();
    const after = await fakeServer(before.world, before.store);
    await after.restart(false);
    assert.equal(after.supervisor.status(uuid), 'running');
    assert.deepEqual(await after.store.list('freeze/'), []);
  });

  it('removes snapshots that are half-made or half-removed', async () => {
    const before = await launched(false);
    await take(before, { name: 'good' });
    await take(before, { name: 'bad' });
    const { uuid, instance } = await before.snapshots.get('default', 'web', 'bad');
    const [entry] = await before.store.list(`snapshot/${instance}/${uuid}`);
    assert.ok(entry !== undefined);
    await before.store.commit({ put: [{ key: entry.key, value: { ...(entry.value as object), phase: 'creating' } }] });
    const after = await fakeServer(before.world, before.store);
    await after.restart(false);
    assert.deepEqual(await names(after), ['good']);
    assert.equal(after.world.snapshots.size, 1);
  });
});

describe('snapshots', () => {
  it('are counted by instance', async () => {
    const server = await launched(false);
    const { uuid } = await server.records.get('default', 'web');
    assert.equal((await server.snapshots.count()).size, 0);
    for (const name of ['one', 'two']) await take(server, { name });
    assert.deepEqual([...(await server.snapshots.count())], [[uuid, 2]]);
    assert.deepEqual([...(await server.snapshots.count(uuid))], [[uuid, 2]]);
    assert.equal((await server.snapshots.count('nobody')).size, 0);
  });

  it('and copies are announced in the project of their instance', async () => {
    const server = await fakeServer();
    await server.projects.create({ name: 'lab', description: '', config: { 'features.profiles': 'false' } });
    const create = { name: 'web', project: 'lab', image: 'tiny', description: '', ephemeral: false };
    const content = { profiles: ['default'], config: {}, devices: {} };
    await ended(server, (await server.instances.create({ ...create, ...content }, false)).operation);
    const from = server.events.position('');
    await take(server, { project: 'lab', name: 'one' });
    await server.snapshots.rename('lab', 'web', 'one', 'two');
    const copy = { project: 'lab', source: 'web', snapshot: '', targetProject: 'lab', name: 'twin', ephemeral: false };
    const all = { profiles: undefined, config: {}, devices: {}, instanceOnly: false, refresh: false, pool: '' };
    await ended(server, (await server.moves.copy({ ...copy, ...all }, false)).operation);
    const seen: string[] = [];
    for await (const { project, payload } of server.events.watch(from, AbortSignal.timeout(5_000))) {
      if (payload.type === 'lifecycle') seen.push(`${project} ${payload.action}`);
      if (seen.length === 3) break;
    }
    const actions = ['instance-snapshot-created', 'instance-snapshot-renamed', 'instance-created'];
    assert.deepEqual(
      seen,
      actions.map((action) => `lab ${action}`),
    );
  });

  it('go with their instance', async () => {
    const server = await launched(false);
    await take(server);
    await ended(server, await server.instances.delete('default', 'web', false));
    assert.deepEqual(server.world.snapshot(), []);
    assert.deepEqual(await server.store.list('snapshot/'), []);
  });

  it('expire when their time has come, and not before', async () => {
    const server = await launched(false);
    await take(server, { name: 'short', expiry: '1H' });
    await take(server, { name: 'long', expiry: '2d' });
    await take(server, { name: 'ever', noExpiry: true });
    const task = ownTask(silentLog);
    await server.snapshots.sweep(task, new Date());
    assert.deepEqual(await names(server), ['ever', 'long', 'short']);
    await server.snapshots.sweep(task, new Date(Date.now() + 2 * 3_600_000));
    for (const operation of server.operations.list()) await ended(server, operation);
    assert.deepEqual(await names(server), ['ever', 'long']);
  });

  it('are taken when their schedule says, of running instances unless stopped ones are asked for', async () => {
    const server = await launched(false);
    const { log, records, expanded, supervisor, snapshots } = server;
    const schedule = new SnapshotSchedule({ log, records, expanded, supervisor, snapshots });
    const run = async () => {
      await schedule.run((text) => text === '@daily', new Date());
      for (const operation of server.operations.list()) await ended(server, operation);
      return await names(server);
    };
    const set = async (config: Record<string, string>) => {
      const instance = await records.get('default', 'web');
      await records.update(instance, { config: { ...instance.config, ...config } });
    };
    assert.deepEqual(await run(), []);
    await set({ 'snapshots.schedule': '@daily', 'snapshots.pattern': 'auto%d' });
    assert.deepEqual(await run(), []);
    await set({ 'snapshots.schedule.stopped': 'true' });
    assert.deepEqual(await run(), ['auto0']);
    await ended(server, await server.instances.start('default', 'web'));
    await set({ 'snapshots.schedule.stopped': 'false' });
    assert.deepEqual(await run(), ['auto0', 'auto1']);
  });

  it('are taken before each start that @startup asks for one, but not when it goes on after other work', async () => {
    const server = await launched(false);
    const { records } = server;
    const instance = await records.get('default', 'web');
    const config = { ...instance.config, 'snapshots.schedule': '@daily, @startup', 'snapshots.pattern': 'boot%d' };
    await records.update(instance, { config });
    await ended(server, await server.instances.start('default', 'web'));
    assert.deepEqual(await names(server), ['boot0']);
    await ended(server, await server.instances.restart('default', 'web', { force: true, timeoutSeconds: 0 }));
    assert.deepEqual(await names(server), ['boot0', 'boot1']);
    await ended(server, await server.snapshots.restore('default', 'web', 'boot0'));
    assert.deepEqual(await names(server), ['boot0', 'boot1']);
  });

  it('that cannot be taken before a start keep nobody from it', async () => {
    const server = await launched(false);
    const instance = await server.records.get('default', 'web');
    const config = { ...instance.config, 'snapshots.schedule': '@startup', 'snapshots.expiry': 'someday' };
    await server.records.update(instance, { config });
    await ended(server, await server.instances.start('default', 'web'));
    assert.equal(server.supervisor.status(instance.uuid), 'running');
    assert.deepEqual(await names(server), []);
  });

  it('are not taken of what cannot start', async () => {
    const server = await launched(false);
    const instance = await server.records.get('default', 'web');
    const config = { ...instance.config, 'snapshots.schedule': '@startup', 'security.protection.start': 'true' };
    await server.records.update(instance, { config });
    const { fault } = await ended(server, await server.instances.start('default', 'web'));
    assert.match(fault?.message ?? '', /^Cannot start instance "web": security\.protection\.start is true/);
    assert.deepEqual(await names(server), []);
  });

  it('are taken in the minute in which others of the instance expire, which all go', async () => {
    const server = await launched(false);
    const { log, records, expanded, supervisor, snapshots } = server;
    const schedule = new SnapshotSchedule({ log, records, expanded, supervisor, snapshots });
    for (const name of ['one', 'two', 'three']) await take(server, { name, expiry: '1H' });
    const instance = await records.get('default', 'web');
    const config = { 'snapshots.schedule': '@daily', 'snapshots.schedule.stopped': 'true' };
    await records.update(instance, { config: { ...instance.config, ...config } });
    await schedule.run((text) => text === '@daily', new Date(Date.now() + 2 * 3_600_000));
    for (const operation of server.operations.list()) await ended(server, operation);
    assert.deepEqual(await names(server), ['snap0']);
  });

  it('are renamed, but not to a taken name', async () => {
    const server = await launched(false);
    await take(server, { name: 'one' });
    await take(server, { name: 'two' });
    await assert.rejects(server.snapshots.rename('default', 'web', 'one', 'two'), { code: 'already-exists' });
    await server.snapshots.rename('default', 'web', 'one', 'three');
    assert.deepEqual(await names(server), ['three', 'two']);
  });
});

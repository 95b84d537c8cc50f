import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ended, type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import type { CreateRequest } from './create-instance.ts';

const request: CreateRequest = {
  name: 'web',
  project: 'default',
  image: 'tiny',
  description: '',
  ephemeral: false,
  profiles: ['default'],
  config: {},
  devices: {},
};

async function launch(server: FakeServer, change: Partial<CreateRequest> = {}) {
  const { operation } = await server.instances.create({ ...request, ...change }, true);
  return await ended(server, operation);
}

async function uuidOf(server: FakeServer, name = 'web') {
  return (await server.records.get('default', name)).uuid;
}

describe('launching an instance', () => {
  it('makes volume, link and a running container, with its root mounted nowhere else', async () => {
    const server = await fakeServer();
    const operation = await launch(server);
    assert.equal(operation.status, 'succeeded');
    const uuid = await uuidOf(server);
    assert.deepEqual(server.world.snapshot(), [`container ${uuid} running`, `link ${uuid}/eth0`, `volume ${uuid}`]);
    assert.equal((await server.records.get('default', 'web')).power, 'running');
  });

  it('leaves a whole stopped instance, or none, whichever step fails', async () => {
    const whole = await fakeServer();
    await launch(whole);
    const steps = whole.world.effects;
    assert.ok(steps >= 7, `${steps} steps`);
    for (let failAt = 1; failAt <= steps; failAt += 1) {
      const server = await fakeServer();
      server.world.failAt = failAt;
      const operation = await launch(server);
      assert.equal(operation.status, 'failed', `step ${failAt}`);
      assert.equal(operation.fault?.code, 'exhausted');
      const left = await server.records.list();
      assert.deepEqual(
        server.world.snapshot(),
        left.map(({ uuid }) => `volume ${uuid}`),
        `after step ${failAt}`,
      );
      assert.ok(left.every(({ power, phase }) => power === 'stopped' && phase === 'ready'));
      assert.equal(server.locks.current('default', 'web'), undefined);
      server.world.failAt = 0;
      const again =
        left.length === 0 ? await launch(server) : await ended(server, await server.instances.start('default', 'web'));
      assert.equal(again.status, 'succeeded', `again after step ${failAt}: ${again.fault?.message}`);
    }
  });

  it('refuses wrong requests before anything changes', async () => {
    const server = await fakeServer();
    const wrong: [Partial<CreateRequest>, string][] = [
      [{ name: '-web' }, 'invalid'],
      [{ name: '42' }, 'invalid'],
      [{ profiles: ['nope'] }, 'not-found'],
      [{ profiles: [] }, 'invalid'],
      [{ config: { 'limits.memroy': '1GiB' } }, 'invalid'],
      [{ config: { 'limits.memory': 'lots' } }, 'invalid'],
      [{ config: { 'environment.X': 'a\nb' } }, 'invalid'],
      [{ devices: { x: { type: 'gpu' } } }, 'invalid'],
    ];
    for (const [change, code] of wrong) {
      await assert.rejects(server.instances.create({ ...request, ...change }, true), { code }, JSON.stringify(change));
    }
    assert.deepEqual(server.world.snapshot(), []);
    assert.deepEqual(await server.records.list(), []);
  });

  it('takes an empty value for none', async () => {
    const server = await fakeServer();
    await launch(server, { config: { 'limits.memory': '', 'user.x': '1' } });
    const { config } = await server.records.get('default', 'web');
    assert.deepEqual([config['limits.memory'], config['user.x']], [undefined, '1']);
  });

  it('suggests the nearest key', async () => {
    const server = await fakeServer();
    const create = server.instances.create({ ...request, config: { 'limits.memroy': '1GiB' } }, true);
    await assert.rejects(create, { message: /did you mean "limits.memory"\?/ });
  });

  it('refuses a taken name, also while it is being taken', async () => {
    const server = await fakeServer();
    const first = server.instances.create(request, true);
    await first;
    await assert.rejects(server.instances.create(request, true), (error: { code: string }) =>
      ['already-exists', 'wrong-state'].includes(error.code),
    );
  });

  it('picks a free random name', async () => {
    const server = await fakeServer();
    const { name } = await server.instances.create({ ...request, name: '' }, false);
    assert.match(name, /^[a-z]+-[a-z]+$/);
  });
});

describe('stopping an instance', () => {
  it('uses the halt signal of its init and leaves only the volume', async () => {
    const server = await fakeServer();
    await launch(server);
    const uuid = await uuidOf(server);
    const stop = await server.instances.stop('default', 'web', { force: false, timeoutSeconds: 5 });
    assert.equal((await ended(server, stop)).status, 'succeeded');
    assert.deepEqual(server.world.snapshot(), [`volume ${uuid}`]);
    assert.equal((await server.records.get('default', 'web')).power, 'stopped');
    await assert.rejects(server.instances.stop('default', 'web', { force: false, timeoutSeconds: 5 }), {
      message: 'The instance is already stopped',
    });
  });

  it('deletes an ephemeral one, however it ends', async () => {
    const server = await fakeServer();
    await launch(server, { ephemeral: true });
    const stop = await server.instances.stop('default', 'web', { force: false, timeoutSeconds: 5 });
    await ended(server, stop);
    assert.deepEqual(await server.records.list(), []);
    await launch(server, { ephemeral: true });
    server.world.exit(await uuidOf(server), { kind: 'powered-off' });
    await server.supervisor.ended(await uuidOf(server));
    await Promise.all(server.ends);
    assert.deepEqual(await server.records.list(), []);
    assert.deepEqual(server.world.snapshot(), []);
  });

  it('from inside by a reboot starts it again', async () => {
    const server = await fakeServer();
    await launch(server);
    const uuid = await uuidOf(server);
    server.world.exit(uuid, { kind: 'rebooted' });
    await server.supervisor.ended(uuid);
    await Promise.all(server.ends);
    const restart = server.operations.list().find(({ kind }) => kind === 'instance.restart');
    assert.ok(restart !== undefined);
    assert.equal((await ended(server, restart)).status, 'succeeded');
    assert.ok(server.world.snapshot().includes(`container ${uuid} running`));
  });
});

describe('deleting an instance', () => {
  it('needs force while it runs, and then leaves nothing', async () => {
    const server = await fakeServer();
    await launch(server);
    await assert.rejects(server.instances.delete('default', 'web', false), {
      message: 'The instance is currently running, stop it first or pass --force',
    });
    assert.equal((await ended(server, await server.instances.delete('default', 'web', true))).status, 'succeeded');
    assert.deepEqual(server.world.snapshot(), []);
    assert.deepEqual(await server.store.list('idrange/'), []);
  });
});

describe('a server that starts again', () => {
  it('finds running instances, and ends of those that ended meanwhile', async () => {
    const before = await fakeServer();
    await launch(before);
    await launch(before, { name: 'gone' });
    const [web, gone] = [await uuidOf(before), await uuidOf(before, 'gone')];
    before.supervisor.close();
    before.world.exit(gone, { kind: 'powered-off' });
    const after = await fakeServer(before.world, before.store);
    assert.deepEqual(await after.restart(false), []);
    assert.equal(after.supervisor.status(web), 'running');
    assert.equal(after.supervisor.status(gone), 'stopped');
    assert.equal((await after.records.get('default', 'gone')).power, 'stopped');
  });

  it('starts what ran before the host went down', async () => {
    const before = await fakeServer();
    await launch(before);
    before.supervisor.close();
    const world = before.world;
    world.containers.clear();
    const after = await fakeServer(world, before.store);
    assert.deepEqual(
      (await after.restart(true)).map(({ name }) => name),
      ['web'],
    );
  });

  it('starts what should run and was never seen to end: its container was still being made, or conmon had died', async () => {
    const before = await fakeServer();
    await launch(before);
    await launch(before, { name: 'making' });
    const making = await uuidOf(before, 'making');
    before.supervisor.close();
    before.world.exit(await uuidOf(before), { kind: 'lost' });
    before.world.containers.set(making, { status: 'stopped', pid: 0 });
    const after = await fakeServer(before.world, before.store);
    assert.deepEqual((await after.restart(false)).map(({ name }) => name).sort(), ['making', 'web']);
  });

  it('removes what was half-made, and containers that nobody knows', async () => {
    const before = await fakeServer();
    const uuid = '3e0c2a9e-6f7c-4b0e-9a54-0d6b8a1b2c3d';
    const { operation } = await before.instances.create(request, false);
    await ended(before, operation);
    const instance = await before.records.get('default', 'web');
    await before.records.update(instance, { phase: 'creating' });
    before.world.containers.set(uuid, { status: 'running', pid: 1 });
    const after = await fakeServer(before.world, before.store);
    await after.restart(false);
    assert.deepEqual(await after.records.list(), []);
    assert.deepEqual(after.world.snapshot(), []);
  });
});

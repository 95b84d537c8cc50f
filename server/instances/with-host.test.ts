import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ended, fakeServer } from '../../test/fakes/instances.ts';
import { startOrder, stopOrder } from './host-order.ts';
import type { Instance } from './instance.ts';

function holding(name: string, config: Record<string, string> = {}) {
  return { instance: { name } as Instance, expanded: { config, devices: {} } };
}

describe('the order of starting with the server', () => {
  it('is the highest priority first, equals by name, and the others at once afterwards', () => {
    const { serial, rest } = startOrder([
      holding('plain'),
      holding('b', { 'boot.autostart.priority': '5' }),
      holding('a', { 'boot.autostart.priority': '5', 'boot.autostart.delay': '3' }),
      holding('first', { 'boot.autostart.priority': '9' }),
      holding('waits', { 'boot.autostart.delay': '1' }),
    ]);
    assert.deepEqual(
      serial.map(({ instance, delaySeconds }) => [instance.name, delaySeconds]),
      [
        ['first', 0],
        ['a', 3],
        ['b', 0],
        ['waits', 1],
      ],
    );
    assert.deepEqual(
      rest.map(({ name }) => name),
      ['plain'],
    );
  });
});

describe('the order of stopping with the server', () => {
  it('is the highest priority first, equals together, each with its own time', () => {
    const all = [
      holding('low'),
      holding('high', { 'boot.stop.priority': '9', 'boot.host_shutdown_timeout': '120' }),
      holding('also', { 'boot.stop.priority': '9', 'boot.host_shutdown_timeout': '0' }),
    ];
    const shape = (limit: number) =>
      stopOrder(all, limit).map((batch) =>
        batch.map(({ instance, timeoutSeconds }) => [instance.name, timeoutSeconds]),
      );
    assert.deepEqual(shape(0), [
      [
        ['high', 120],
        ['also', 0],
      ],
      [['low', 30]],
    ]);
    assert.deepEqual(shape(10)[0], [
      ['high', 10],
      ['also', 0],
    ]);
  });
});

describe('all instances with their server', () => {
  async function launched(names: Record<string, Record<string, string>>) {
    const server = await fakeServer();
    for (const [name, config] of Object.entries(names)) {
      const request = { name, project: 'default', image: 'tiny', description: '', ephemeral: false };
      const { operation } = await server.instances.create(
        { ...request, profiles: ['default'], config, devices: {} },
        true,
      );
      await ended(server, operation);
    }
    return server;
  }

  it('stop one batch after another, and are to run again', async () => {
    const server = await launched({ last: {}, first: { 'boot.stop.priority': '1' } });
    const order: string[] = [];
    const first = await server.records.get('default', 'first');
    void server.supervisor.ended(first.uuid).then(() => order.push('first ended'));
    const last = await server.records.get('default', 'last');
    void server.supervisor.ended(last.uuid).then(() => order.push('last ended'));
    await server.withHost.stopAll(0);
    assert.deepEqual(order, ['first ended', 'last ended']);
    assert.ok((await server.records.list()).every(({ power }) => power === 'running'));
  });

  it('start one after another; one that fails does not keep the next', async () => {
    const server = await launched({
      a: { 'boot.autostart.priority': '9', 'security.protection.start': 'false' },
      b: { 'boot.autostart.priority': '8' },
      c: {},
    });
    await server.withHost.stopAll(0);
    const all = await server.records.list();
    server.world.failAt = server.world.effects + 1; // the first step of the first start
    await server.withHost.startAll(all, new AbortController().signal);
    const status = all.map(({ name, uuid }) => `${name} ${server.supervisor.status(uuid)}`);
    assert.deepEqual(status.sort(), ['a stopped', 'b running', 'c running']);
  });

  it('do not start any more once the server stops', async () => {
    const server = await launched({ a: { 'boot.autostart.delay': '1000' }, b: {} });
    await server.withHost.stopAll(0);
    const stopping = new AbortController();
    const starting = server.withHost.startAll(await server.records.list(), stopping.signal);
    const { uuid } = await server.records.get('default', 'a');
    while (server.supervisor.status(uuid) !== 'running') await new Promise((resolve) => setImmediate(resolve));
    stopping.abort();
    await starting;
    assert.equal(server.supervisor.status((await server.records.get('default', 'b')).uuid), 'stopped');
  });
});

describe('a protected instance', () => {
  it('is neither deleted nor started until the protection is taken away', async () => {
    const server = await fakeServer();
    const config = { 'security.protection.delete': 'true', 'security.protection.start': 'true' };
    const request = { name: 'web', project: 'default', image: 'tiny', description: '', ephemeral: false };
    const create = { ...request, profiles: ['default'], config, devices: {} };
    const { operation } = await server.instances.create(create, false);
    await ended(server, operation);
    await assert.rejects(server.instances.delete('default', 'web', true), {
      code: 'wrong-state',
      message: /protected/,
    });
    const start = await ended(server, await server.instances.start('default', 'web'));
    assert.match(start.fault?.message ?? '', /security\.protection\.start is true/);
    const web = await server.records.get('default', 'web');
    await server.records.update(web, { config: {} });
    assert.equal((await ended(server, await server.instances.start('default', 'web'))).status, 'succeeded');
    assert.equal((await ended(server, await server.instances.delete('default', 'web', true))).status, 'succeeded');
  });

  it('that runs is not stopped to be restarted', async () => {
    const server = await fakeServer();
    const request = { name: 'web', project: 'default', image: 'tiny', description: '', ephemeral: false };
    const { operation } = await server.instances.create(
      { ...request, profiles: ['default'], config: {}, devices: {} },
      true,
    );
    await ended(server, operation);
    const web = await server.records.get('default', 'web');
    await server.records.update(web, { config: { 'security.protection.start': 'true' } });
    const stop = { force: true, timeoutSeconds: 5 };
    const restart = await ended(server, await server.instances.restart('default', 'web', stop));
    assert.match(restart.fault?.message ?? '', /^Cannot restart instance "web": security\.protection\.start is true/);
    assert.equal(server.supervisor.status(web.uuid), 'running');
  });

  it('that is ephemeral stays when it ends', async () => {
    const server = await fakeServer();
    const config = { 'security.protection.delete': 'true' };
    const request = { name: 'web', project: 'default', image: 'tiny', description: '', ephemeral: true };
    const { operation } = await server.instances.create(
      { ...request, profiles: ['default'], config, devices: {} },
      true,
    );
    await ended(server, operation);
    await ended(server, await server.instances.stop('default', 'web', { force: true, timeoutSeconds: 5 }));
    assert.equal((await server.records.list()).length, 1);
  });
});

describe('the ids of an instance', () => {
  it('follow its configuration at the next start, unless that is forbidden', async () => {
    const server = await fakeServer();
    const request = { name: 'web', project: 'default', image: 'tiny', description: '', ephemeral: false };
    const config = { 'security.idmap.size': '131072' };
    const { operation } = await server.instances.create(
      { ...request, profiles: ['default'], config, devices: {} },
      false,
    );
    await ended(server, operation);
    const web = await server.records.get('default', 'web');
    assert.equal(web.idMap.size, 131_072);
    await server.records.update(web, { config: { 'security.protection.shift': 'true' } });
    const refused = await ended(server, await server.instances.start('default', 'web'));
    assert.match(refused.fault?.message ?? '', /other ids on the host, and security\.protection\.shift is true/);
    await server.records.update(web, { config: { 'security.privileged': 'true' } });
    await ended(server, await server.instances.start('default', 'web'));
    assert.equal((await server.records.get('default', 'web')).idMap.hostBase, 0);
    assert.deepEqual(await server.store.list('idrange/'), []);
  });
});

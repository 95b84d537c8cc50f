import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ended, type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import { homeOf, projectEtag } from './project.ts';

async function withProject(config: Record<string, string> = {}): Promise<FakeServer> {
  const server = await fakeServer();
  await server.projects.create({ name: 'blue', description: '', config });
  return server;
}

function request(name: string, change: Partial<Parameters<FakeServer['instances']['create']>[0]> = {}) {
  return {
    ...{ name, project: 'blue', image: 'tiny', description: '', ephemeral: false, profiles: ['default'] },
    ...{ config: {}, devices: {} },
    ...change,
  };
}

async function create(server: FakeServer, name: string, change: Parameters<typeof request>[1] = {}): Promise<void> {
  const { operation } = await server.instances.create(request(name, change), false);
  const { fault } = await ended(server, operation);
  assert.equal(fault, undefined);
}

describe('a project', () => {
  it('has images, profiles and volumes of its own unless it is said otherwise', async () => {
    const { projects } = await withProject({ 'features.images': 'false' });
    const blue = await projects.get('blue');
    assert.deepEqual(
      [homeOf(blue, 'images'), homeOf(blue, 'profiles'), homeOf(blue, 'storage.volumes')],
      ['default', 'blue', 'blue'],
    );
  });

  it('has instances of the same names as others', async () => {
    const server = await withProject();
    await create(server, 'web');
    await create(server, 'web', { project: 'default' });
    await assert.rejects(server.instances.create(request('web'), false), { code: 'already-exists' });
    assert.deepEqual(
      (await server.records.list('blue')).map(({ name }) => name),
      ['web'],
    );
  });

  it('does not exist until it is made', async () => {
    const { projects, instances } = await withProject();
    await assert.rejects(projects.get('bleu'), { code: 'not-found', message: /did you mean "blue"/ });
    await assert.rejects(instances.create(request('web', { project: 'none', profiles: [] }), false));
  });

  for (const name of ['', '-a', 'a_b', 'a/b', 'a.b', '42', 'x'.repeat(64), 'a\n']) {
    it(`cannot be called ${JSON.stringify(name.slice(0, 10))}`, async () => {
      const { projects } = await fakeServer();
      await assert.rejects(projects.create({ name, description: '', config: {} }), { code: 'invalid' });
    });
  }

  it('is not made twice, nor beside one that differs by case', async () => {
    const { projects } = await withProject();
    for (const name of ['blue', 'Blue', 'default']) {
      await assert.rejects(projects.create({ name, description: '', config: {} }), { code: 'already-exists' });
    }
  });

  it('refuses keys and values that are wrong, with the nearest key', async () => {
    const { projects } = await fakeServer();
    for (const [key, value, message] of [
      ['limits.memroy', '1GiB', /did you mean "limits.memory"/],
      ['limits.memory', '10%', /must be a size/],
      ['features.networks', 'true', /must be false/],
      ['restricted.devices.disk', 'maybe', /one of managed, block, allow/],
      ['restricted.devices.disk.paths', '/srv/../etc', /absolute paths/],
    ] as const) {
      const config = { [key]: value };
      await assert.rejects(projects.create({ name: 'x', description: '', config }), {
        code: 'invalid',
        message,
      });
    }
  });

  it('is changed by one who knows how it is, and by nobody else', async () => {
    const { projects } = await withProject();
    const before = await projects.get('blue');
    const change = { ...before, description: 'mine' };
    await projects.update(change, projectEtag(before));
    await assert.rejects(projects.update({ ...before, description: 'theirs' }, projectEtag(before)), {
      code: 'conflict',
    });
    assert.equal((await projects.get('blue')).description, 'mine');
  });

  it('gets a default profile together with its record, when it has profiles of its own', async () => {
    const server = await withProject({ 'features.profiles': 'false' });
    const { projects, profiles, store } = server;
    const own = async () => (await store.list('profile/blue/')).length;
    assert.equal(await own(), 0);
    const blue = await projects.get('blue');
    assert.equal((await profiles.get('blue', 'default')).project, 'default');
    await projects.update({ ...blue, config: { 'features.profiles': 'true' } }, '');
    assert.equal((await profiles.get('blue', 'default')).project, 'blue');
    await projects.update({ ...blue, config: {} }, '');
    assert.equal(await own(), 0);
  });

  it('lets others know before its name is free, and keeps it when they fail', async () => {
    const { projects } = await withProject();
    const told: (string | undefined)[][] = [];
    projects.onNameFreed = async (...names) => {
      const all = (await projects.list()).map(({ name }) => name);
      told.push([...names, ...all]);
      if (told.length === 1) throw new Error('not now');
    };
    await assert.rejects(projects.delete('blue'), /not now/);
    await projects.rename('blue', 'red');
    await projects.delete('red');
    assert.deepEqual(told, [
      ['blue', undefined, 'blue', 'default'],
      ['blue', 'red', 'blue', 'default'],
      ['red', undefined, 'default', 'red'],
    ]);
  });

  it('is renamed and deleted only while it is empty, and the default one never', async () => {
    const server = await withProject();
    const { projects } = server;
    await create(server, 'web');
    for (const refused of [
      () => projects.delete('blue'),
      () => projects.rename('blue', 'red'),
      () => projects.checkDeletable('blue', 'as it is'),
      async () => {
        const blue = await projects.get('blue');
        await projects.update({ ...blue, config: { ...blue.config, 'features.profiles': 'false' } }, '');
      },
    ]) {
      await assert.rejects(refused(), { code: 'in-use', message: /instance\/web/ });
    }
    const emptied = projects.checkDeletable('default', 'emptied');
    for (const refused of [projects.delete('default'), projects.rename('default', 'red'), emptied]) {
      await assert.rejects(refused, { code: 'invalid' });
    }
    await ended(server, await server.instances.delete('blue', 'web', false));
    await projects.rename('blue', 'red');
    await assert.rejects(projects.get('blue'), { code: 'not-found' });
    assert.equal((await server.profiles.get('red', 'default')).project, 'red');
    await projects.delete('red');
    assert.deepEqual(
      (await server.store.list('profile/')).map(({ key }) => key),
      ['profile/default/default'],
    );
    assert.deepEqual(
      (await projects.list()).map(({ name }) => name),
      ['default'],
    );
  });
});

describe('the limits of a project', () => {
  it('hold for instances that are made at the same time', async () => {
    const server = await withProject({ 'limits.instances': '3' });
    const made = await Promise.allSettled(
      Array.from({ length: 12 }, async (_, index) => {
        const { operation } = await server.instances.create(request(`i${index}`), false);
        const { fault } = await ended(server, operation);
        if (fault !== undefined) throw new Error(fault.message);
      }),
    );
    assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 3);
    assert.equal((await server.records.list('blue')).length, 3);
    assert.deepEqual(server.world.volumes.size, 3);
  });

  it('count what instances say, and want each to say it', async () => {
    const server = await withProject({ 'limits.memory': '1GiB' });
    const memory = (size: string) => ({ config: { 'limits.memory': size } });
    await create(server, 'a', memory('512MiB'));
    await assert.rejects(server.instances.create(request('b'), false), {
      code: 'invalid',
      message: /limits.memory: instance "b" must have limits.memory as a size/,
    });
    await assert.rejects(server.instances.create(request('b', memory('513MiB')), false), {
      code: 'exhausted',
      message: /limits.memory=1GiB of project "blue"/,
    });
    await create(server, 'b', memory('512MiB'));
    const change = { project: 'blue', name: 'b', etag: '', description: '', ephemeral: false, profiles: ['default'] };
    const more = { ...change, devices: {}, ...memory('1GiB') };
    await assert.rejects(server.updater.update(ownTask(silentLog), more), { code: 'exhausted' });
    assert.equal((await server.records.get('blue', 'b')).config['limits.memory'], '512MiB');
    await server.updater.update(ownTask(silentLog), { ...more, ...memory('256MiB') });
  });

  it('are not set below what there is', async () => {
    const server = await withProject();
    await create(server, 'a');
    await create(server, 'b');
    const blue = await server.projects.get('blue');
    const limited = (count: string) =>
      server.projects.update({ ...blue, config: { ...blue.config, 'limits.instances': count } }, '');
    await assert.rejects(limited('1'), { code: 'exhausted', message: /its instances have 2/ });
    await limited('2');
  });
});

describe('the restrictions of a project', () => {
  const disk = { type: 'disk', path: '/', pool: 'default' };

  it('hold whichever way a configuration comes about', async () => {
    const server = await withProject({ restricted: 'true', 'restricted.storage-pools.access': 'default' });
    const elsewhere = { devices: { root: { ...disk, pool: 'other' } } };
    const message = /forbids device "root" of instance "web": restricted.storage-pools.access=default/;
    await assert.rejects(server.instances.create(request('web', elsewhere), false), { code: 'forbidden', message });
    await create(server, 'web');
    const found = await server.records.get('blue', 'web');
    for (const write of [
      () => server.records.update(found, elsewhere),
      async () => {
        const versioned = await server.records.versioned('blue', 'web');
        await server.records.replace(versioned, { ...found, ...elsewhere });
      },
      () => server.records.add({ ...found, ...elsewhere, uuid: 'u', name: 'copy' }),
    ]) {
      await assert.rejects(write(), { code: 'forbidden' });
    }
    assert.deepEqual(await server.records.get('blue', 'web'), found);
  });

  it('hold for what a profile brings, in every project that uses it', async () => {
    const server = await fakeServer();
    const { projects, profileChanges } = server;
    const config = { 'features.profiles': 'false', restricted: 'true', 'restricted.devices.nic': 'managed' };
    await projects.create({ name: 'blue', description: '', config });
    await create(server, 'web');
    await create(server, 'web', { project: 'default' });
    const { devices } = await server.profiles.get('blue', 'default');
    const change = (pool: string) =>
      profileChanges.update(ownTask(silentLog), {
        ...{ project: 'default', name: 'default', description: '', config: { 'user.pool': pool }, etag: '' },
        devices: { ...devices, lan: { type: 'nic', network: 'yurtbr0' } },
      });
    const blue = await projects.get('blue');
    await projects.update({ ...blue, config: { ...blue.config, 'limits.instances': '1' } }, '');
    await change('a');
    assert.equal((await server.expanded(await server.records.get('blue', 'web'))).config['user.pool'], 'a');
    await projects.update({ ...blue, config: { ...blue.config, 'restricted.networks.access': 'yurtbr0' } }, '');
    await server.store.commit({
      put: [
        {
          key: 'project/blue',
          value: { ...blue, config: { ...blue.config, 'restricted.networks.access': 'none' } },
        },
      ],
    });
    await assert.rejects(change('b'), { code: 'forbidden', message: /Project "blue" forbids device/ });
    assert.equal((await server.profiles.get('default', 'default')).config['user.pool'], 'a');
    await assert.rejects(profileChanges.delete('default', 'default'), { code: 'invalid' });
  });

  it('are not set against what instances have, but may be loosened', async () => {
    const server = await withProject();
    await create(server, 'web');
    const blue = await server.projects.get('blue');
    const restricted = (config: Record<string, string>) =>
      server.projects.update({ ...blue, config: { ...blue.config, restricted: 'true', ...config } }, '');
    await assert.rejects(restricted({ 'restricted.devices.nic': 'block' }), {
      code: 'forbidden',
      message: /restricted.devices.nic=block does not fit instance "web": it has device "eth0"/,
    });
    await restricted({});
  });

  it('hold for snapshots and backups', async () => {
    const { admission } = await withProject({ restricted: 'true', 'restricted.backups': 'allow' });
    await admission.checkAllowed('blue', 'backups');
    await admission.checkAllowed('default', 'snapshots');
    const message = 'Project "blue" forbids snapshots: restricted.snapshots=block';
    await assert.rejects(admission.checkAllowed('blue', 'snapshots'), { code: 'forbidden', message });
  });

  it('hold for a start too', async () => {
    const server = await withProject();
    await create(server, 'web');
    const blue = await server.projects.get('blue');
    const config = { ...blue.config, restricted: 'true', 'restricted.devices.nic': 'block' };
    await server.store.commit({ put: [{ key: 'project/blue', value: { ...blue, config } }] });
    const { fault } = await ended(server, await server.instances.start('blue', 'web'));
    assert.equal(fault?.code, 'forbidden');
    assert.deepEqual([server.world.links.size, server.world.mounts.size], [0, 0]);
  });
});

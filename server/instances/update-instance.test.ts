import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ended, type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import { recordingApplier } from '../../test/fakes/recording-applier.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import { instanceEtag, type UpdateRequest } from './update-instance.ts';

const task = ownTask(silentLog);

async function withInstance(start = false): Promise<FakeServer> {
  const server = await fakeServer();
  const { operation } = await server.instances.create(
    {
      ...{ name: 'web', project: 'default', image: 'tiny', description: '', ephemeral: false, profiles: ['default'] },
      ...{ config: { 'user.a': '1' }, devices: {} },
    },
    start,
  );
  assert.equal((await ended(server, operation)).status, 'succeeded');
  return server;
}

async function record(server: FakeServer) {
  return await server.records.get('default', 'web');
}

/** What there is, changed. */
async function request(server: FakeServer, change: Partial<UpdateRequest> = {}): Promise<UpdateRequest> {
  const { description, ephemeral, profiles, config, devices } = await record(server);
  return { project: 'default', name: 'web', etag: '', description, ephemeral, profiles, config, devices, ...change };
}

async function update(server: FakeServer, change: Partial<UpdateRequest>) {
  return await server.updater.update(task, await request(server, change));
}

function lifecycle(server: FakeServer) {
  const position = server.events.position('');
  return async () => {
    const seen: string[] = [];
    const abort = new AbortController();
    queueMicrotask(() => setImmediate(() => abort.abort()));
    for await (const { payload } of server.events.watch(position, abort.signal)) {
      if (payload.type === 'lifecycle') seen.push(`${payload.action} ${payload.source}`);
    }
    return seen;
  };
}

describe('changing an instance', () => {
  it('replaces all that a user may change, and keeps what yurt remembers', async () => {
    const server = await withInstance();
    const before = await record(server);
    const events = lifecycle(server);
    const devices = { lan: { type: 'nic', network: 'yurtbr0' } };
    await update(server, { description: 'The web', ephemeral: true, config: { 'user.b': '2', 'user.c': '' }, devices });
    const after = await record(server);
    assert.deepEqual(
      { ...after, config: {} },
      { ...before, description: 'The web', ephemeral: true, devices, config: {} },
    );
    assert.deepEqual(after.config, {
      'user.b': '2',
      'volatile.apply_template': 'create',
      'volatile.base_image': 'f'.repeat(64),
      'volatile.eth0.hwaddr': before.config['volatile.eth0.hwaddr'],
      'volatile.lan.hwaddr': '00:16:3e:00:00:01',
    });
    assert.deepEqual(await events(), ['instance-updated instance/web']);
  });

  it('forgets the MAC address of a nic that is gone', async () => {
    const server = await withInstance();
    await update(server, { devices: { lan: { type: 'nic', network: 'yurtbr0' } } });
    await update(server, { devices: {} });
    assert.ok(!('volatile.lan.hwaddr' in (await record(server)).config));
  });

  it('announces nothing when nothing changes', async () => {
    const server = await withInstance();
    const events = lifecycle(server);
    await update(server, {});
    assert.deepEqual(await events(), []);
  });

  it('refuses what is wrong, and changes nothing', async () => {
    const server = await withInstance();
    const before = await record(server);
    const root = { type: 'disk', path: '/', pool: 'fast' };
    const wrong: [Partial<UpdateRequest>, string, RegExp][] = [
      [{ name: 'nope' }, 'not-found', /Instance "nope" does not exist/],
      [{ config: { 'limits.memroy': '1GiB' } }, 'invalid', /did you mean "limits.memory"/],
      [{ config: { 'limits.memory': 'lots' } }, 'invalid', /limits.memory/],
      [{ config: { 'volatile.base_image': 'x' } }, 'invalid', /what yurt itself remembers/],
      [{ config: { 'volatile.new': 'x' } }, 'invalid', /what yurt itself remembers/],
      [{ devices: { x: { type: 'toaster' } } }, 'invalid', /toaster/],
      [{ devices: { x: { type: 'nic', network: 'nope' } } }, 'not-found', /nope/],
      [{ devices: { root } }, 'invalid', /cannot move it to "fast"/],
      [{ profiles: [] }, 'invalid', /No root disk/],
      [{ profiles: ['default', 'default'] }, 'invalid', /twice/],
      [{ profiles: ['default', 'nope'] }, 'not-found', /Profile "nope"/],
      [{ description: 'x'.repeat(5000) }, 'invalid', /description/],
      [{ etag: 'old' }, 'conflict', /somebody else/],
    ];
    for (const [change, code, message] of wrong) {
      await assert.rejects(update(server, change), { code, message }, JSON.stringify(change));
    }
    assert.deepEqual(await record(server), before);
    assert.equal(server.locks.current('default', 'web'), undefined);
  });

  it('lets one of two that began from the same content win', async () => {
    const server = await withInstance();
    const etag = instanceEtag(await record(server));
    const first = await request(server, { etag, config: { 'user.first': '1' } });
    const second = await request(server, { etag, config: { 'user.second': '1' } });
    await server.updater.update(task, first);
    await assert.rejects(server.updater.update(task, second), { code: 'conflict' });
    assert.equal((await record(server)).config['user.first'], '1');
  });

  it('is refused while something else is done to it', async () => {
    const server = await withInstance();
    using _busy = server.locks.acquire('default', 'web', 'stopped');
    await assert.rejects(update(server, { description: 'x' }), { code: 'wrong-state', message: /being stopped/ });
  });

  it('applies nothing to one that is stopped', async () => {
    const server = await withInstance();
    const steps: string[] = [];
    server.appliers.push(recordingApplier('limits', steps));
    await update(server, { description: 'x' });
    assert.deepEqual(steps, []);
  });
});

describe('changing a running instance', () => {
  it('checks every side before it applies any, and tells them what held and what will', async () => {
    const server = await withInstance(true);
    const steps: string[] = [];
    const seen: unknown[] = [];
    const limits = recordingApplier('limits', steps);
    server.appliers.push(
      {
        ...limits,
        check: async (change) => {
          seen.push([change.before.config['user.a'], change.after.config['user.a']]);
          await limits.check(change);
        },
      },
      recordingApplier('devices', steps),
    );
    await update(server, { config: { 'user.a': '2' } });
    assert.deepEqual(steps, [
      'check limits of web',
      'check devices of web',
      'apply limits of web',
      'apply devices of web',
    ]);
    assert.deepEqual(seen, [['1', '2']]);
    assert.equal((await record(server)).config['user.a'], '2');
  });

  for (const [failing, expected] of [
    ['check limits of web', ['check limits of web']],
    ['check devices of web', ['check limits of web', 'check devices of web']],
    ['apply limits of web', ['check limits of web', 'check devices of web', 'apply limits of web']],
    [
      'apply devices of web',
      [
        'check limits of web',
        'check devices of web',
        'apply limits of web',
        'apply devices of web',
        'undo limits of web',
      ],
    ],
  ] as const) {
    it(`leaves instance and record as they were when it cannot ${failing}`, async () => {
      const server = await withInstance(true);
      const before = await record(server);
      const steps: string[] = [];
      server.appliers.push(recordingApplier('limits', steps, failing), recordingApplier('devices', steps, failing));
      const message = new RegExp(`^Cannot change instance "web": no ${failing}$`);
      await assert.rejects(update(server, { description: 'x' }), { message });
      assert.deepEqual(steps, expected);
      assert.deepEqual(await record(server), before);
      assert.equal(server.locks.current('default', 'web'), undefined);
    });
  }

  it('undoes everything when the record cannot be written', async () => {
    const server = await withInstance(true);
    const steps: string[] = [];
    const before = await record(server);
    server.appliers.push(recordingApplier('limits', steps), {
      check: async () => {},
      // Somebody writes the record after it was read.
      apply: async () => void (await server.records.update(before, { lastUsedAt: '2030-01-01T00:00:00.000Z' })),
    });
    await assert.rejects(update(server, { description: 'x' }), { code: 'conflict' });
    assert.deepEqual(steps, ['check limits of web', 'apply limits of web', 'undo limits of web']);
    assert.equal((await record(server)).description, '');
  });

  it('gives up when the instance stops meanwhile, and what follows its end still happens', async () => {
    const server = await withInstance(true);
    const steps: string[] = [];
    const { uuid } = await record(server);
    server.appliers.push(recordingApplier('limits', steps), {
      check: async () => {},
      apply: async () => {
        server.world.exit(uuid, { kind: 'rebooted' });
        await server.supervisor.ended(uuid);
      },
    });
    await assert.rejects(update(server, { description: 'x' }), { code: 'conflict', message: /stopped while/ });
    assert.deepEqual(steps, ['check limits of web', 'apply limits of web', 'undo limits of web']);
    await Promise.all(server.ends);
    const restart = server.operations.list().find(({ kind }) => kind === 'instance.restart');
    assert.ok(restart !== undefined, 'the reboot is followed');
    assert.equal((await ended(server, restart)).status, 'succeeded');
  });

  it('asks the project before it makes anything', async () => {
    const server = await withInstance(true);
    const project = await server.projects.get('default');
    await server.projects.update({ ...project, config: { ...project.config, restricted: 'true' } }, '');
    const steps: string[] = [];
    server.appliers.push(recordingApplier('devices', steps));
    const devices = { secret: { type: 'disk', source: '/etc', path: '/mnt/etc' } };
    await assert.rejects(update(server, { devices }), { code: 'forbidden', message: /restricted\.devices\.disk/ });
    assert.deepEqual(steps, []);
  });

  it('makes one that became ephemeral go when it stops', async () => {
    const server = await withInstance(true);
    await update(server, { ephemeral: true });
    server.world.exit((await record(server)).uuid, { kind: 'powered-off' });
    await server.supervisor.ended((await record(server)).uuid);
    await Promise.all(server.ends);
    assert.deepEqual(await server.records.list(), []);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ended, type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import { recordingApplier } from '../../test/fakes/recording-applier.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import { profileEtag } from '../profiles/profile.ts';
import type { ProfileRequest } from './profile-changes.ts';

const task = ownTask(silentLog);
const small: ProfileRequest = {
  ...{ project: 'default', name: 'small', description: '', config: { 'limits.memory': '64MiB' }, devices: {} },
};

/** Two running instances, `a` and `b`, and a stopped one, `c`, which all use `default` and `small`. */
async function withUsers(): Promise<FakeServer> {
  const server = await fakeServer();
  await server.profileChanges.create(small);
  for (const name of ['a', 'b', 'c']) await make(server, name, ['default', 'small'], name !== 'c');
  return server;
}

async function make(server: FakeServer, name: string, profiles: string[], start: boolean): Promise<void> {
  const { operation } = await server.instances.create(
    {
      ...{ name, project: 'default', image: 'tiny', description: '', ephemeral: false, profiles },
      ...{ config: {}, devices: {} },
    },
    start,
  );
  assert.equal((await ended(server, operation)).status, 'succeeded');
}

async function update(server: FakeServer, change: Partial<ProfileRequest & { etag: string }>) {
  return await server.profileChanges.update(task, { ...small, etag: '', ...change });
}

async function everything(server: FakeServer) {
  return {
    profiles: await server.profiles.list('default'),
    instances: await server.records.list(),
    journal: await server.store.list('live-change/'),
  };
}

describe('changing a profile', () => {
  it('reaches every instance that runs, in one go with the record', async () => {
    const server = await withUsers();
    const seen: string[] = [];
    server.appliers.push({
      check: async () => {},
      apply: async (_task, _revert, { instance, before, after }) => {
        seen.push(`${instance.name} ${before.config['limits.memory']} ${after.config['limits.memory']}`);
      },
    });
    await update(server, { config: { 'limits.memory': '128MiB', 'user.x': '' } });
    assert.deepEqual(seen, ['a 64MiB 128MiB', 'b 64MiB 128MiB']);
    assert.deepEqual((await server.profiles.get('default', 'small')).config, { 'limits.memory': '128MiB' });
    assert.deepEqual((await everything(server)).journal, []);
  });

  for (const [failing, undone] of [
    ['check limits of a', []],
    ['check limits of b', []],
    ['apply limits of a', []],
    ['apply limits of b', ['undo limits of a']],
    ['apply devices of a', ['undo limits of b', 'undo limits of a']],
    ['apply devices of b', ['undo devices of a', 'undo limits of b', 'undo limits of a']],
  ] as const) {
    it(`leaves all as it was when it cannot ${failing}`, async () => {
      const server = await withUsers();
      const before = await everything(server);
      const steps: string[] = [];
      server.appliers.push(recordingApplier('limits', steps, failing), recordingApplier('devices', steps, failing));
      await assert.rejects(update(server, { description: 'x' }), { message: new RegExp(`no ${failing}`) });
      assert.deepEqual(
        steps.filter((step) => step.startsWith('undo')),
        undone,
      );
      assert.deepEqual(await everything(server), before);
      for (const name of ['a', 'b', 'c']) assert.equal(server.locks.current('default', name), undefined);
    });
  }

  it('leaves all as it was when the record cannot be written', async () => {
    const server = await withUsers();
    const steps: string[] = [];
    const found = await server.profiles.versioned('default', 'small');
    server.appliers.push(recordingApplier('limits', steps), {
      check: async () => {},
      apply: async () => {
        const { revision } = await server.profiles.versioned('default', 'small');
        if (revision === found.revision) await server.profiles.replace(found, found.record, {});
      },
    });
    await assert.rejects(update(server, { description: 'x' }), { code: 'conflict' });
    assert.deepEqual(steps.slice(-2), ['undo limits of b', 'undo limits of a']);
    assert.equal((await server.profiles.get('default', 'small')).description, '');
    assert.deepEqual((await everything(server)).journal, []);
  });

  it('is refused when an instance that uses it could not follow', async () => {
    const server = await withUsers();
    const root = { type: 'disk', path: '/', pool: 'other' };
    await assert.rejects(update(server, { devices: { root } }), {
      code: 'invalid',
      message: /^Instance "a" cannot follow: .*cannot move it to "other"/,
    });
    await assert.rejects(update(server, { name: 'default', config: {}, devices: {} }), {
      message: /Instance "a" cannot follow: No root disk/,
    });
  });

  it('is refused when it is wrong', async () => {
    const server = await withUsers();
    for (const [change, code] of [
      [{ config: { 'limits.memroy': '1GiB' } }, 'invalid'],
      [{ config: { 'volatile.x': '1' } }, 'invalid'],
      [{ config: { 'image.os': 'x' } }, 'invalid'],
      [{ devices: { x: { type: 'toaster' } } }, 'invalid'],
      [{ devices: { x: { type: 'nic', network: 'nope' } } }, 'not-found'],
      [{ name: 'nope' }, 'not-found'],
      [{ etag: 'old' }, 'conflict'],
    ] as const) {
      await assert.rejects(update(server, change), { code }, JSON.stringify(change));
    }
  });

  it('is refused while something else is done to an instance that uses it', async () => {
    const server = await withUsers();
    using _busy = server.locks.acquire('default', 'b', 'stopped');
    await assert.rejects(update(server, { description: 'x' }), { code: 'wrong-state', message: /instance\/b is busy/ });
    assert.equal(server.locks.current('default', 'a'), undefined);
  });

  it('lets one of two that began from the same content win', async () => {
    const server = await withUsers();
    const etag = profileEtag(await server.profiles.get('default', 'small'));
    const both = await Promise.allSettled(['x', 'y'].map((description) => update(server, { description, etag })));
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  it('gives a nic that it brings a MAC address in every instance', async () => {
    const server = await withUsers();
    await update(server, { devices: { lan: { type: 'nic', network: 'yurtbr0' } } });
    const made = (await server.records.list()).map(({ config }) => config['volatile.lan.hwaddr']);
    assert.equal(new Set(made).size, 3);
    assert.ok(made.every((hwaddr) => hwaddr !== undefined));
    await update(server, { devices: {} });
    assert.ok((await server.records.list()).every(({ config }) => !('volatile.lan.hwaddr' in config)));
  });

  it('and changing its instances at once neither deadlock nor lose anything', async () => {
    const server = await withUsers();
    await server.profileChanges.create({ ...small, name: 'more' });
    const instance = async (name: string) => {
      const { description, ephemeral, config, devices } = await server.records.get('default', name);
      const profiles = ['default', 'small', 'more'];
      const content = { description, ephemeral, config: { ...config, 'user.x': '1' }, devices, profiles };
      await server.updater.update(task, { project: 'default', name, etag: '', ...content });
    };
    await Promise.all([
      ...['a', 'b', 'c'].map(instance),
      update(server, { description: 'x' }),
      update(server, { name: 'more', description: 'y' }),
    ]);
    for (const { profiles, config } of await server.records.list()) {
      assert.deepEqual([profiles.length, config['user.x']], [3, '1']);
    }
    assert.equal((await server.profiles.get('default', 'more')).description, 'y');
  });
});

describe('a profile', () => {
  it('has a name of its own', async () => {
    const server = await withUsers();
    await assert.rejects(server.profileChanges.create(small), { code: 'already-exists' });
    for (const name of ['', 'a/b', '../x', 'a b', '-x', 'x'.repeat(64)]) {
      await assert.rejects(server.profileChanges.create({ ...small, name }), { code: 'invalid' }, name);
    }
  });

  it('is deleted when nobody uses it', async () => {
    const server = await withUsers();
    await assert.rejects(server.profileChanges.delete('default', 'small'), {
      code: 'in-use',
      message: 'Profile "small" is used by instance/a, instance/b, instance/c',
    });
    await assert.rejects(server.profileChanges.delete('default', 'default'), { code: 'invalid' });
    await server.profileChanges.create({ ...small, name: 'unused' });
    await server.profileChanges.delete('default', 'unused');
    await assert.rejects(server.profiles.get('default', 'unused'), { code: 'not-found' });
  });

  it('keeps its users when it gets another name', async () => {
    const server = await withUsers();
    await server.profileChanges.rename('default', 'small', 'tiny');
    for (const { profiles } of await server.records.list()) assert.deepEqual(profiles, ['default', 'tiny']);
    await assert.rejects(server.profiles.get('default', 'small'), { code: 'not-found' });
    await assert.rejects(server.profileChanges.rename('default', 'default', 'x'), { code: 'invalid' });
    await assert.rejects(server.profileChanges.rename('default', 'tiny', 'default'), { code: 'already-exists' });
    await assert.rejects(server.profileChanges.rename('default', 'tiny', 'a/b'), { code: 'invalid' });
    // The run of an instance that began under the old name ends well.
    const { uuid } = await server.records.get('default', 'a');
    server.world.exit(uuid, { kind: 'powered-off' });
    await server.supervisor.ended(uuid);
    assert.ok(!server.world.snapshot().some((line) => line.startsWith('link') && line.includes(uuid)));
  });
});

describe('a server that was killed in the middle of a change', () => {
  it('makes what runs follow what is recorded', async () => {
    const before = await withUsers();
    const forever = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    before.appliers.push({
      check: async () => {},
      apply: async () => {
        reached.resolve();
        await forever.promise;
      },
    });
    void update(before, { config: { 'limits.memory': '256MiB' } });
    await reached.promise;
    before.supervisor.close();
    const after = await fakeServer(before.world, before.store);
    const seen: string[] = [];
    const failing = { check: async () => {}, apply: async () => Promise.reject(new Error('no')) };
    after.appliers.push(failing, {
      check: async () => {},
      apply: async (_task, _revert, { instance, before: was, after: now }) => {
        seen.push(`${instance.name} ${was.config['limits.memory']} ${now.config['limits.memory']}`);
      },
    });
    await after.restart(false);
    await after.live.recover(task, await after.records.list(), after.expanded);
    assert.deepEqual(seen.sort(), ['a 256MiB 64MiB', 'b 256MiB 64MiB']);
    assert.deepEqual((await everything(after)).journal, []);
    assert.equal((await after.profiles.get('default', 'small')).config['limits.memory'], '64MiB');
  });
});

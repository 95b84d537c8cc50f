import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { archive, entry, indexOf, indexText, root } from '../../test/fakes/backup-archive.ts';
import { dieAt } from '../../test/fakes/death.ts';
import { ended, type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import type { ImportRequest } from './import-instance.ts';

const task = ownTask(silentLog);
const request: ImportRequest = { project: 'default', name: '', pool: '', devices: {} };

async function made(): Promise<FakeServer> {
  const server = await fakeServer();
  const create = { name: 'web', project: 'default', image: 'tiny', description: 'mine', ephemeral: false };
  const content = { profiles: ['default'], config: { 'user.colour': 'blue' }, devices: {} };
  await ended(server, (await server.instances.create({ ...create, ...content }, false)).operation);
  const snapshot = { project: 'default', instance: 'web', name: 'before', expiry: '', noExpiry: false, reuse: false };
  await ended(server, (await server.snapshots.create(snapshot)).operation);
  return server;
}

async function exported(server: FakeServer, compression = 'none', instanceOnly = false): Promise<Buffer> {
  const wanted = { project: 'default', instance: 'web', instanceOnly, compression };
  const chunks: Uint8Array[] = [];
  for await (const chunk of server.backups.exporter.export(task, wanted)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* pieces(content: Uint8Array, size = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

const load = async (server: FakeServer, content: Uint8Array, change: Partial<ImportRequest> = {}) =>
  await server.backups.importer.import(task, { ...request, ...change }, pieces(content));

describe('a backup', () => {
  it('becomes the same instance again, with its snapshots, in every compression', async () => {
    for (const compression of ['none', 'gzip', 'zstd', '']) {
      const server = await made();
      const backup = await exported(server, compression);
      await ended(server, await server.instances.delete('default', 'web', false));
      const { instance, warnings } = await load(server, backup);
      assert.deepEqual(warnings, []);
      assert.deepEqual([instance.name, instance.phase, instance.description], ['web', 'ready', 'mine']);
      assert.equal(instance.config['user.colour'], 'blue');
      assert.deepEqual(
        (await server.snapshots.list(instance)).map(({ name }) => name),
        ['before'],
      );
      assert.equal(server.world.snapshots.size, 1);
      assert.equal(server.world.volumes.size, 1);
    }
  });

  it('leaves nothing behind in the instance that it is of, also when nobody reads on', async () => {
    const server = await made();
    const before = server.world.snapshot();
    await exported(server);
    const wanted = { project: 'default', instance: 'web', instanceOnly: false, compression: '' };
    const reading = server.backups.exporter.export(task, wanted);
    await reading.next();
    await reading.return();
    assert.deepEqual(server.world.snapshot(), before);
    assert.equal(server.locks.current('default', 'web'), undefined);
    await assert.rejects(server.backups.exporter.export(task, { ...wanted, compression: 'x' }).next(), {
      code: 'invalid',
    });
    await assert.rejects(server.backups.exporter.export(task, { ...wanted, instance: 'no' }).next(), {
      code: 'not-found',
    });
  });

  it('gets a name, ids and addresses of its own beside the instance that it is of', async () => {
    const server = await made();
    const backup = await exported(server, 'gzip', true);
    await assert.rejects(load(server, backup), { code: 'already-exists' });
    const { instance } = await load(server, backup, { name: 'twin' });
    const web = await server.records.get('default', 'web');
    assert.notEqual(instance.config['volatile.eth0.hwaddr'], web.config['volatile.eth0.hwaddr']);
    assert.notEqual(instance.idMap.hostBase, web.idMap.hostBase);
    assert.equal((await server.snapshots.list(instance)).length, 0);
  });

  it('that fails at any step of the import leaves nothing, and can be imported after it', async () => {
    for (let step = 1; ; step += 1) {
      const server = await made();
      const backup = await exported(server);
      const before = server.world.snapshot();
      server.world.failAt = server.world.effects + step;
      const failure = await load(server, backup, { name: 'twin' }).then(
        () => undefined,
        (error: unknown) => error,
      );
      server.world.failAt = 0;
      if (failure === undefined) {
        assert.ok(step > 2);
        return;
      }
      assert.deepEqual(server.world.snapshot(), before, `step ${step}`);
      assert.equal(await server.records.find('default', 'twin'), undefined);
      assert.equal((await server.store.list('snapshot/')).length, 1);
      assert.equal(server.locks.current('default', 'twin'), undefined);
      await load(server, backup, { name: 'twin' });
    }
  });

  it('that a server was killed in is gone with the next one', async () => {
    for (let step = 1; ; step += 1) {
      const server = await made();
      const backup = await exported(server);
      dieAt(server, step);
      await load(server, backup, { name: 'twin' }).catch(() => {});
      if (!server.world.dead) {
        assert.ok(step > 3, `${step} steps`);
        return;
      }
      Object.assign(server.world, { dead: false, dieAt: 0 });
      const after = await fakeServer(server.world, server.store);
      await after.restart(false);
      assert.equal(await after.records.find('default', 'twin'), undefined, `step ${step}`);
      assert.equal(after.world.volumes.size, 1, `step ${step}`);
      assert.equal((await after.store.list('snapshot/')).length, 1, `step ${step}`);
      assert.equal((await after.store.list('idrange/')).length, 1, `step ${step}`);
      await load(after, backup, { name: 'twin' });
    }
  });

  it('that a server was killed in the writing of leaves nothing, and the instance as it was', async () => {
    for (let step = 1; ; step += 1) {
      const server = await made();
      const before = server.world.snapshot();
      dieAt(server, step);
      await exported(server).catch(() => {});
      if (!server.world.dead) {
        assert.ok(step > 2, `${step} steps`);
        return;
      }
      Object.assign(server.world, { dead: false, dieAt: 0 });
      const after = await fakeServer(server.world, server.store);
      await after.restart(false);
      assert.deepEqual(after.world.snapshot(), before, `step ${step}`);
      assert.equal((await after.store.list('snapshot/')).length, 1, `step ${step}`);
      await exported(after);
    }
  });

  it('has the templates of the instance and of its snapshots, and what was due to be written', async () => {
    const server = await made();
    const web = await server.records.get('default', 'web');
    const rule = (path: string) => ({
      ...{ path, template: 'a.tpl', when: ['rename'] as const, createOnly: false, properties: {}, uid: 3 },
    });
    const describe = async (content: string) => {
      const { record, revision } = await server.metadata.get(web);
      const files = [{ name: 'a.tpl', content }];
      await server.metadata.put(web.uuid, { ...record, rules: [rule(`/etc/${content}`)], files }, revision);
    };
    await describe('older');
    const snapshot = { project: 'default', instance: 'web', name: 'later', expiry: '', noExpiry: false, reuse: false };
    await ended(server, (await server.snapshots.create(snapshot)).operation);
    await describe('newer');
    const backup = await exported(server);
    const pending = (name: string) => ({ ...web, name, config: { 'volatile.apply_template': 'create' } });
    for (const name of ['web2', 'web3']) {
      const { instance, warnings } = await load(server, backup, { name });
      assert.deepEqual(warnings, []);
      assert.equal(instance.config['volatile.apply_template'], pending(name).config['volatile.apply_template']);
      const found = await server.metadata.find(instance.uuid);
      assert.deepEqual([found?.rules, found?.files[0]?.content], [[rule('/etc/newer')], 'newer']);
      const later = await server.snapshots.get('default', name, 'later');
      assert.equal((await server.metadata.find(later.uuid))?.files[0]?.content, 'older');
      const before = await server.snapshots.get('default', name, 'before');
      assert.equal(await server.metadata.find(before.uuid), undefined);
      await ended(server, await server.instances.delete('default', name, false));
    }
    assert.equal((await server.store.list('instance-metadata/')).length, 2, 'of web and its snapshot');
  });

  it('under another name than it was made of has its name written anew', async () => {
    const server = await made();
    const web = await server.records.get('default', 'web');
    const { 'volatile.apply_template': _done, ...config } = web.config;
    await server.records.update(web, { config });
    const backup = await exported(server);
    const { instance } = await load(server, backup, { name: 'twin' });
    assert.equal(instance.config['volatile.apply_template'], 'rename');
  });

  it('with another root disk than it was made with has its snapshots with that too, and is restored to them', async () => {
    const ofProfile = await exported(await made());
    const device = '{root: {type: disk, path: /, pool: theirs, size: 10GiB}}';
    const text = `format: yurt-backup-1
name: web
instance: {architecture: x86_64, profiles: [default], devices: ${device}}
snapshots: [{name: before, instance: {architecture: x86_64, profiles: [default], devices: ${device}}}]
`;
    const ofItself = archive(indexOf(text), entry('backup/snapshots/before/rootfs/'), root);
    for (const backup of [ofProfile, ofItself]) {
      const server = await fakeServer();
      const { instance } = await load(server, backup, { pool: 'fast', devices: { root: { size: '' } } });
      assert.equal(instance.pool, 'fast');
      const { status } = await ended(server, await server.snapshots.restore('default', 'web', 'before'));
      assert.equal(status, 'succeeded');
      assert.equal((await server.records.get('default', 'web')).devices['root']?.['pool'], 'fast');
    }
  });

  it('loses what this server does not know, and says so', async () => {
    const server = await fakeServer();
    const text = `format: yurt-backup-1
name: old
instance:
  architecture: x86_64
  profiles: [default]
  config: {user.a: b, security.syscalls.nonsense: "true", volatile.idmap.base: "0"}
  devices: {gone: {type: nic, network: nope}, odd: {type: teapot}}
`;
    const { instance, warnings } = await load(server, archive(indexOf(text), root));
    assert.deepEqual(Object.keys(instance.config).sort(), ['user.a', 'volatile.eth0.hwaddr']);
    assert.deepEqual(instance.devices, {});
    assert.equal(warnings.length, 3);
    assert.match(warnings.join('\n'), /security\.syscalls\.nonsense.*\n.*device gone.*\n.*device odd/);
  });

  it('is neither written nor read where the project forbids backups', async () => {
    const server = await fakeServer();
    await server.projects.create({
      ...{ name: 'tight', description: '' },
      config: { restricted: 'true', 'features.profiles': 'false' },
    } as never);
    await assert.rejects(load(server, archive(indexOf(indexText), root), { project: 'tight' }), { code: 'forbidden' });
  });
});

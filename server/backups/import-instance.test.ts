import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ended, type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import { type TarEntry, tarTypes } from '../images/tar-format.ts';
import { tarEnd, tarFile, tarHeader } from '../images/tar-writer.ts';
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

const entry = (name: string, type: string = tarTypes.directory, change: Partial<TarEntry> = {}): Uint8Array =>
  tarHeader({
    ...{ name, type, linkName: '', mode: 0o755, uid: 0, gid: 0, sizeBytes: 0, mtime: 1, attributes: new Map() },
    ...change,
  });

const indexOf = (text: string, name = 'backup/index.yaml') => {
  const content = Buffer.from(text);
  const head = { name, type: tarTypes.file, linkName: '', mode: 0o600, uid: 0, gid: 0, mtime: 1 };
  return tarFile({ ...head, sizeBytes: content.length, attributes: new Map() }, content);
};

const index = `format: yurt-backup-1
name: evil
instance: {architecture: x86_64, profiles: [default]}
`;
const root = entry('backup/container/rootfs/');
const about = 'backup/metadata.yaml';
const archive = (...parts: readonly Uint8Array[]) => Buffer.concat([...parts, tarEnd]);

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
    for (let step = 1; step < 6; step += 1) {
      const server = await made();
      const backup = await exported(server);
      server.world.dieAt = server.world.effects + step;
      await load(server, backup, { name: 'twin' }).catch(() => {});
      if (!server.world.dead) return;
      server.world.dead = false;
      server.world.dieAt = 0;
      const after = await fakeServer(server.world, server.store);
      await after.restart(false);
      assert.equal(await after.records.find('default', 'twin'), undefined, `step ${step}`);
      assert.equal(after.world.volumes.size, 1, `step ${step}`);
      assert.equal((await after.store.list('snapshot/')).length, 1, `step ${step}`);
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

  it('that is hostile or damaged is refused, and nothing of it stays', async () => {
    const server = await fakeServer();
    const good = archive(indexOf(index), root);
    const at = (name: string) => `backup/container/rootfs/${name}`;
    const link = { linkName: '/etc' };
    const wrong: [Uint8Array, RegExp][] = [
      [Buffer.alloc(0), /too early|no index/],
      [Buffer.from('no archive at all'), /too early/],
      [good.subarray(0, good.length - 1100), /too early/],
      [gzipSync(good).subarray(0, 100), /cannot be decompressed/],
      [archive(root, indexOf(index)), /index does not come first/],
      [archive(indexOf(index), indexOf(index), root), /two indexes/],
      [archive(entry('backup/index.yaml', tarTypes.symbolicLink, link)), /not a regular file/],
      [archive(entry('backup/index.yaml', tarTypes.file, { sizeBytes: 1e9 })), /index is too large/],
      [archive(indexOf(index)), /no root of the instance/],
      [
        archive(indexOf(index), entry('backup/container/rootfs', tarTypes.symbolicLink, link)),
        /rootfs is not a directory/,
      ],
      [archive(indexOf(index), root, entry(at('../../../etc/x'), tarTypes.file)), /leads out/],
      [archive(indexOf(index), root, entry('/etc/x', tarTypes.file)), /absolute/],
      [
        archive(indexOf(index), root, entry(at('a'), tarTypes.symbolicLink, link), entry(at('a/b'), tarTypes.file)),
        /not a directory/,
      ],
      [archive(indexOf(index), root, entry(at('a'), tarTypes.hardLink, { linkName: '/etc/shadow' })), /absolute/],
      [
        archive(indexOf(index), root, entry(at('a'), tarTypes.hardLink, { linkName: 'backup/index.yaml' })),
        /out of its root/,
      ],
      [archive(indexOf(index), root, entry(at('a'), tarTypes.hardLink, { linkName: at('b') })), /did not come before/],
      [archive(indexOf(index), root, entry(at('a'), tarTypes.file, { uid: 4_000_000 })), /ids end at/],
      [archive(indexOf(index), root, entry('backup/snapshots/x/rootfs/')), /after that of the instance/],
      [archive(indexOf(index), entry('backup/snapshots/x/rootfs/'), root), /index does not name/],
      [
        archive(indexOf(`${index}snapshots: [{name: s, instance: {architecture: x86_64}}]\n`), root),
        /no root of snapshot "s"/,
      ],
      [archive(indexOf(index.replace('x86_64', 's390x')), root), /is for s390x/],
      [archive(indexOf(index), indexOf('architecture: "../x"\n', about), root), /names no valid architecture/],
      [archive(indexOf(index), indexOf('motd', 'backup/templates/motd'), root), /no metadata\.yaml/],
      [archive(indexOf(index), indexOf('x', 'backup/templates/../../x'), root), /leads out/],
      [archive(indexOf(index), root, indexOf('architecture: x86_64\n', about)), /not together/],
      [archive(indexOf(index.replace('[default]', '[none]')), root), /none/],
      [archive(indexOf(index.replace('evil', '../evil')), root), /Invalid instance name/],
    ];
    for (const [content, message] of wrong) {
      await assert.rejects(load(server, content), { message }, String(message));
      assert.deepEqual(server.world.snapshot(), [], String(message));
      assert.deepEqual(await server.records.list(), []);
      assert.equal(server.locks.current('default', 'evil'), undefined);
    }
    assert.equal((await load(server, good)).instance.name, 'evil');
  });

  it('is neither written nor read where the project forbids backups', async () => {
    const server = await fakeServer();
    await server.projects.create({
      ...{ name: 'tight', description: '' },
      config: { restricted: 'true', 'features.profiles': 'false' },
    } as never);
    await assert.rejects(load(server, archive(indexOf(index), root), { project: 'tight' }), { code: 'forbidden' });
  });
});

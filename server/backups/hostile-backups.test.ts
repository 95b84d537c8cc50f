import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { createGzip, createZstdCompress, gzipSync, zstdCompressSync } from 'node:zlib';
import { archive, entry, indexOf, indexText, inRoot, root, textFile } from '../../test/fakes/backup-archive.ts';
import { type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import { tarTypes } from '../images/tar-format.ts';
import { tarEnd } from '../images/tar-writer.ts';

const index = indexOf(indexText);
const whole = (...parts: readonly Uint8Array[]) => archive(index, root, ...parts);
const good = whole();
const link = { linkName: '/etc' };
const metadata = 'backup/container/metadata.yaml';
const snapshots = (names: string) => indexOf(`${indexText}snapshots: ${names}\n`);
const ofSnapshot = '{name: s, instance: {architecture: x86_64}}';

/** What is wrong, and what is said of it. */
const hostile: Readonly<Record<string, readonly (readonly [Uint8Array, RegExp])[]>> = {
  'no whole archive': [
    [Buffer.alloc(0), /too early|no index/],
    [Buffer.from('no archive at all'), /too early/],
    [good.subarray(0, good.length - 1100), /too early/],
    [whole(entry(inRoot('a'), tarTypes.file, { sizeBytes: 1e6 })), /too early/],
    [gzipSync(good).subarray(0, 100), /cannot be decompressed/],
    [zstdCompressSync(good).subarray(0, 60), /cannot be decompressed/],
    [Buffer.concat([gzipSync(good).subarray(0, 40), Buffer.alloc(400, 7)]), /cannot be decompressed/],
    [Buffer.from('fd377a585a000000', 'hex'), /xz, bzip2 or squashfs/],
    [Buffer.from(good).fill(0xff, 1024, 1100), /checksum|invalid|damaged|header/i],
  ],
  'parts that are not where they belong': [
    [archive(root, index), /index does not come first/],
    [archive(index, index, root), /two indexes/],
    [archive(index), /no root of the instance/],
    [archive(index, entry('backup/container')), /no root of the instance/],
    [whole(entry('backup/snapshots/x/rootfs/')), /after that of the instance/],
    [archive(index, entry('backup/snapshots/x/rootfs/'), root), /index does not name/],
    [archive(snapshots(`[${ofSnapshot}]`), root), /no root of snapshot "s"/],
    [archive(snapshots(`[${ofSnapshot}, ${ofSnapshot}]`), root), /two snapshots of one name/],
    [
      archive(
        snapshots(`[${ofSnapshot}]`),
        entry('backup/snapshots/s/rootfs/'),
        root,
        entry('backup/snapshots/s/rootfs/a/'),
      ),
      /not together/,
    ],
  ],
  'an index that is none': [
    [archive(entry('backup/index.yaml', tarTypes.symbolicLink, link)), /not a regular file/],
    [archive(entry('backup/index.yaml', tarTypes.hardLink, link)), /not a regular file/],
    [archive(entry('backup/index.yaml', tarTypes.fifo)), /not a regular file/],
    [archive(entry('backup/index.yaml', tarTypes.file, { sizeBytes: 1e9 })), /index is too large/],
    [archive(indexOf('a: ['), root), /index of the backup/i],
    [archive(indexOf('- a\n'), root), /not a mapping/],
    [archive(indexOf('a: &x b\nc: *x\n'), root), /alias or anchor/],
    [archive(indexOf(indexText.replace('x86_64', 's390x')), root), /is for s390x/],
    [archive(indexOf(indexText.replace('[default]', '[none]')), root), /none/],
    [archive(indexOf(indexText.replace('[default]', '{a: b}')), root), /not a list/],
    [archive(indexOf(indexText.replace('evil', '../evil')), root), /Invalid instance name/],
    [archive(indexOf(indexText.replace('evil', '"a/b"')), root), /Invalid instance name/],
    [archive(snapshots('[{name: ../x, instance: {architecture: x86_64}}]'), root), /Invalid name of a snapshot/],
    [archive(snapshots('[{name: "a/../../b", instance: {architecture: x86_64}}]'), root), /Invalid name of a snapshot/],
  ],
  'paths that lead out': [
    [whole(entry(inRoot('../../../etc/x'), tarTypes.file)), /leads out/],
    [whole(entry('/etc/x', tarTypes.file)), /absolute/],
    [whole(entry(`${'../'.repeat(40)}etc/x`, tarTypes.file)), /leads out/],
    [archive(index, entry('backup/snapshots/../container/rootfs/')), /leads out/],
    [archive(index, entry('backup/container/rootfs', tarTypes.symbolicLink, link)), /rootfs is not a directory/],
    [archive(index, entry('backup/container/rootfs', tarTypes.file)), /rootfs is not a directory/],
    [whole(entry(inRoot('a'), tarTypes.symbolicLink, link), entry(inRoot('a/b'), tarTypes.file)), /not a directory/],
    [whole(entry(inRoot('a'), tarTypes.symbolicLink, link), entry(inRoot('a/'))), /appears twice/],
    [whole(entry(inRoot('a'), tarTypes.file), entry(inRoot('a'), tarTypes.symbolicLink, link)), /appears twice/],
    [whole(entry(inRoot('a'), tarTypes.hardLink, { linkName: '/etc/shadow' })), /absolute/],
    [whole(entry(inRoot('a'), tarTypes.hardLink, { linkName: inRoot('../../../x') })), /leads out/],
    [whole(entry(inRoot('a'), tarTypes.hardLink, { linkName: 'backup/index.yaml' })), /out of its root/],
    [whole(entry(inRoot('a'), tarTypes.hardLink, { linkName: inRoot('b') })), /did not come before/],
    [whole(entry(inRoot('a'), tarTypes.hardLink, { linkName: metadata })), /did not come before/],
    [whole(entry(inRoot('a'.repeat(300)), tarTypes.file)), /invalid path/],
    [whole(entry(inRoot('a/'.repeat(400)), tarTypes.directory)), /too deep/],
  ],
  'what no root may have': [
    [whole(entry(inRoot('a'), tarTypes.file, { uid: 4_000_000 })), /ids end at/],
    [whole(entry(inRoot('a'), tarTypes.directory, { gid: 65_536 })), /ids end at/],
    [whole(entry(inRoot('a'), 'S')), /type that is not supported|cannot be used|sparse/],
  ],
  'templates that are none': [
    [archive(index, entry(metadata, tarTypes.symbolicLink, link), root), /metadata.yaml is not a regular file/],
    [archive(index, entry(`${metadata}/x`, tarTypes.file), root), /metadata.yaml is not a regular file/],
    [archive(index, entry(metadata, tarTypes.file, { sizeBytes: 1e9 }), root), /metadata.yaml is too large/],
    [archive(index, textFile(metadata, ''), textFile(metadata, ''), root), /more than one metadata.yaml/],
    [whole(entry('backup/container/templates', tarTypes.symbolicLink, link)), /templates is not a directory/],
    [whole(textFile('backup/container/templates/../x.tpl', '')), /leads out/],
    [whole(textFile('backup/container/templates/a/x.tpl', '')), /not a regular file of that directory/],
    [whole(entry('backup/container/templates/x.tpl', tarTypes.symbolicLink, link)), /not a regular file/],
    [whole(entry('backup/container/templates/x.tpl', tarTypes.file, { sizeBytes: 1e8 })), /too large for a template/],
    [whole(textFile('backup/container/templates/-x', '')), /cannot be the name of a template/],
    [
      whole(...Array.from({ length: 65 }, (_each, at) => textFile(`backup/container/templates/${at}`, ''))),
      /more than 64 templates/,
    ],
  ],
};

const load = async (server: FakeServer, content: AsyncIterable<Uint8Array>) =>
  await server.backups.importer.import(
    ownTask(silentLog),
    { project: 'default', name: '', pool: '', devices: {} },
    content,
  );

async function* pieces(content: Uint8Array, size = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

describe('a hostile or damaged backup', () => {
  for (const [what, archives] of Object.entries(hostile)) {
    it(`with ${what} is refused, and nothing of it stays`, async () => {
      const server = await fakeServer();
      for (const [content, message] of archives) {
        await assert.rejects(load(server, pieces(content)), { message }, String(message));
        assert.deepEqual(server.world.snapshot(), [], String(message));
        assert.deepEqual(await server.records.list(), []);
        for (const kind of ['snapshot/', 'idrange/', 'instance-metadata/']) {
          assert.deepEqual(await server.store.list(kind), [], String(message));
        }
        assert.equal(server.locks.current('default', 'evil'), undefined);
      }
      assert.equal((await load(server, pieces(good))).instance.name, 'evil');
    });
  }

  for (const [name, compress] of [
    ['gzip', createGzip],
    ['zstd', createZstdCompress],
  ] as const) {
    it(`may take what its pool has, but for a rest, however well it is compressed with ${name}`, async () => {
      const server = await fakeServer();
      const MiB = 2 ** 20;
      Object.assign(server.world.storage, { poolUsage: async () => ({ usedBytes: 40 * MiB, totalBytes: 100 * MiB }) });
      const bomb = async function* bomb(bytes: number, file: string): AsyncGenerator<Uint8Array> {
        const zeros = new Uint8Array(MiB);
        yield Buffer.concat([index, root, entry(file, tarTypes.file, { sizeBytes: bytes })]);
        for (let at = 0; at < bytes; at += MiB) yield zeros;
        yield tarEnd;
      };
      const importing = (bytes: number, file = inRoot('zeros')) =>
        load(server, Readable.from(bomb(bytes, file)).pipe(compress()));
      await assert.rejects(importing(56 * MiB), { code: 'exhausted' });
      await assert.rejects(importing(1024 * MiB), { code: 'exhausted' });
      await assert.rejects(importing(1024 * MiB, 'backup/container/unused'), { code: 'exhausted' });
      assert.deepEqual(server.world.snapshot(), []);
      assert.equal((await importing(54 * MiB)).instance.name, 'evil');
    });
  }
});

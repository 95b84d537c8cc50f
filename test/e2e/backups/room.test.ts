import assert from 'node:assert/strict';
import { createWriteStream, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { it } from 'node:test';
import { createGzip } from 'node:zlib';
import { tarTypes } from '../../../server/images/tar-format.ts';
import { tarEnd } from '../../../server/images/tar-writer.ts';
import { entry, indexOf, indexText, inRoot, root } from '../../fakes/backup-archive.ts';
import { Daemon } from '../harness/daemon.ts';
import { eventually } from '../harness/eventually.ts';
import { template } from '../harness/template.ts';
import { loopFileSystem } from '../storage/loop-file-system.ts';

const MiB = 2 ** 20;

it('a small backup that unpacks to more than the disk has is refused, and leaves room and no trace', {
  timeout: 4 * 60_000,
}, async () => {
  await using disk = await loopFileSystem('ext4', 512);
  await using yurt = await Daemon.start(await template('tiny'), disk.directory);
  await yurt.ok('launch', 'tiny', 'first');
  const free = async () => {
    const { bavail, bsize } = await statfs(disk.directory);
    return bavail * bsize;
  };
  const before = await free();
  const bomb = join(disk.directory, 'bomb.tar.gz');
  const content = function* content(): Generator<Uint8Array> {
    yield Buffer.concat([indexOf(indexText), root, entry(inRoot('zeros'), tarTypes.file, { sizeBytes: 1024 * MiB })]);
    for (let at = 0; at < 1024; at += 1) yield new Uint8Array(MiB);
    yield tarEnd;
  };
  await pipeline(Readable.from(content()), createGzip(), createWriteStream(bomb));
  assert.ok(statSync(bomb).size < 2 * MiB);
  const { exitCode, stderr } = await yurt.yurt(['import', bomb]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /Cannot import the backup: .*larger than \d+ bytes when unpacked/);
  assert.equal((await yurt.ok('list', '-f', 'csv', '-c', 'ns')).trim(), 'first,RUNNING');
  await yurt.ok('exec', 'first', '--', 'sh', '-c', 'echo still > /root/file');
  await eventually(async () => assert.ok((await free()) > before - 8 * MiB));
});

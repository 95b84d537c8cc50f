import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtempDisposable, open, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import { programOutput } from '../host/program-output.ts';
import { ImageFilter } from '../images/image-filter.ts';
import { type TarEntry, tarTypes } from '../images/tar-format.ts';
import { TarReader } from '../images/tar-reader.ts';
import { tarEnd, tarFile, tarHeader } from '../images/tar-writer.ts';
import { rootEntries } from './root-entries.ts';

const owner = { linkName: '', uid: 0, gid: 0, mode: 0o644, mtime: 0, attributes: new Map() };
const metadata = tarFile({ ...owner, name: 'metadata.yaml', type: tarTypes.file, sizeBytes: 0 }, Buffer.alloc(0));

describe('the entries of a root', () => {
  it('have their names below the prefix, hard links too, and symbolic links as they are', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'yurt-root-'));
    const at = (name: string) => join(directory.path, name);
    const long = 'd'.repeat(120);
    await mkdir(at(long));
    await writeFile(at('.hidden'), 'x');
    await writeFile(at(`${long}/file`), 'content');
    await link(at(`${long}/file`), at('hard'));
    await symlink('./../etc/shadow', at('soft'));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
    const entries: TarEntry[] = [];
    const reader = new TarReader({
      entry: (entry) => entries.push(entry) > 0,
      data: () => {},
      endEntry: () => {},
    });
    for await (const chunk of rootEntries(ownTask(silentLog), programOutput, directory.path, 'backup/rootfs')) {
      reader.push(chunk);
    }
    server.close();
    reader.push(tarEnd);
    reader.finish();
    const shown = entries.map(({ name, linkName }) => `${name}${linkName === '' ? '' : ` > ${linkName}`}`);
    assert.deepEqual(shown, [
      'backup/rootfs/',
      'backup/rootfs/.hidden',
      `backup/rootfs/${long}/`,
      `backup/rootfs/${long}/file`,
      `backup/rootfs/hard > backup/rootfs/${long}/file`,
      'backup/rootfs/soft > ./../etc/shadow',
    ]);
  });

  it('have the holes of files', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'yurt-root-'));
    await using back = await mkdtempDisposable(join(tmpdir(), 'yurt-root-'));
    const sizeBytes = 8 * 1024 ** 4;
    const name = `${'n'.repeat(130)}\nodd`;
    await writeFile(join(directory.path, name), 'head');
    await truncate(join(directory.path, name), sizeBytes);
    const filter = new ImageFilter();
    filter.push(metadata);
    const safe: Uint8Array[] = [];
    for await (const chunk of rootEntries(ownTask(silentLog), programOutput, directory.path, 'rootfs')) {
      safe.push(...filter.push(chunk).map((bytes) => Buffer.from(bytes)));
    }
    safe.push(...filter.push(tarEnd), ...filter.finish());
    assert.ok(Buffer.concat(safe).length < 20_000);
    await writeFile(join(back.path, 'root.tar'), Buffer.concat(safe));
    execFileSync('tar', ['--extract', '--file=root.tar'], { cwd: back.path });
    const { size, blocks } = await stat(join(back.path, name));
    assert.deepEqual([size, blocks <= 16], [sizeBytes, true]);
    await using file = await open(join(back.path, name));
    assert.equal((await file.read(Buffer.alloc(6), 0, 6, 0)).buffer.toString('latin1'), 'head\0\0');
  });

  it('end at a file with more holes than could be unpacked again, and say which', async () => {
    const file = { ...owner, name: './var/dîsk', type: tarTypes.file, sizeBytes: 512, realSizeBytes: 1 };
    async function* archive() {
      yield tarHeader({ ...file, name: Buffer.from(file.name).toString('latin1') });
      yield Buffer.from('4000001\n');
    }
    const read = async () => {
      for await (const _ of rootEntries(ownTask(silentLog), archive, '/', 'rootfs'));
    };
    const message =
      'The file "./var/dîsk" cannot be archived: The map of a sparse file has 4000001 runs: from 1 to 4000000 are possible';
    await assert.rejects(read, { code: 'invalid', message });
  });

  it('end with the fault of tar when the directory cannot be read', async () => {
    const read = async () => {
      for await (const _ of rootEntries(ownTask(silentLog), programOutput, '/nonexistent', 'rootfs'));
    };
    await assert.rejects(read, { code: 'internal', message: /tar failed with status 2/ });
  });

  it('leave no program behind when nobody reads on', async () => {
    const output = programOutput(['yes'], new AbortController().signal);
    await output.next();
    await output.return();
    const missing = programOutput(['/nonexistent/program'], new AbortController().signal);
    await assert.rejects(missing.next(), { code: 'unsupported' });
  });
});

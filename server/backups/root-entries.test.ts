import assert from 'node:assert/strict';
import { link, mkdir, mkdtempDisposable, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import { programOutput } from '../host/program-output.ts';
import type { TarEntry } from '../images/tar-format.ts';
import { TarReader } from '../images/tar-reader.ts';
import { tarEnd } from '../images/tar-writer.ts';
import { rootEntries } from './root-entries.ts';

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

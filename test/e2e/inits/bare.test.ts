import assert from 'node:assert/strict';
import { mkdir, mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run, runChecked } from '../../../server/host/run.ts';
import { tarTypes } from '../../../server/images/tar-format.ts';
import { tarEnd, tarFile } from '../../../server/images/tar-writer.ts';
import { Api } from '../harness/api.ts';
import { Daemon } from '../harness/daemon.ts';
import { eventually } from '../harness/eventually.ts';
import { withImageStore } from '../harness/template.ts';

const longMs = 4 * 60_000;

describe('a root with nothing but a static /sbin/init', () => {
  let yurt: Daemon;

  before(
    async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'yurt-e2e-bare-'));
      const state = join(folder.path, 'template');
      await mkdir(join(state, 'state'), { recursive: true });
      const program = join(folder.path, 'init');
      const source = join(import.meta.dirname, 'bare-init.c');
      await runChecked(run, ['cc', '-static', '-Os', '-s', '-Wall', '-Wextra', '-Werror', '-o', program, source]);
      const archive = await imageOf(await readFile(program));
      await withImageStore(state, async (images, task) => {
        await images.import(task, { content: archive, aliases: ['bare'] });
      });
      yurt = await Daemon.start(state);
      await yurt.ok('launch', 'bare', 'bare');
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  it('is RUNNING, and ready', async () => {
    await eventually(async () => {
      const [found] = JSON.parse(await yurt.ok('list', 'bare', '-f', 'json'));
      assert.deepEqual([found.status, found.state.ready], ['Running', true]);
    });
  });

  it('executes a static program of its own', async () => {
    const { stdout, exitCode } = await yurt.yurt(['exec', 'bare', '--', '/sbin/init', '7']);
    assert.deepEqual([stdout, exitCode], ['hello from 0\n', 7]);
    const other = await yurt.yurt(['exec', 'bare', '--user', '1000', '--', '/sbin/init', '0']);
    assert.deepEqual([other.stdout, other.exitCode], ['hello from 1000\n', 0]);
  });

  it('executes it on a terminal too', async () => {
    using api = new Api(yurt);
    const { stdout, code } = await api.run({ instance: 'bare', command: ['/sbin/init', '3'], terminal: true });
    assert.deepEqual([stdout.toString(), code], ['hello from 0\r\n', 3]);
  });

  it('says which program it does not have', async () => {
    const missing = await yurt.yurt(['exec', 'bare', '--', 'ls']);
    assert.deepEqual([missing.exitCode, missing.stderr], [127, 'Error: Command not found: "ls"\n']);
    const shell = await yurt.yurt(['shell', 'bare']);
    assert.equal(shell.exitCode, 127);
    assert.match(shell.stderr, /has neither su nor \/bin\/sh/);
  });

  it('is not killed by a stop whose time is over, but by force', { timeout: longMs }, async () => {
    const stop = await yurt.yurt(['stop', 'bare', '--timeout', '1']);
    assert.equal(stop.exitCode, 1);
    assert.match(stop.stderr, /did not stop within 1 seconds: use --force to kill it/);
    assert.equal((await yurt.ok('list', 'bare', '-f', 'csv', '-c', 's')).trim(), 'RUNNING');
    await yurt.ok('stop', 'bare', '--force');
    assert.equal((await yurt.ok('list', 'bare', '-f', 'csv', '-c', 's')).trim(), 'STOPPED');
  });
});

/** An image in the field's format whose root has this one file. */
async function imageOf(program: Buffer): Promise<AsyncIterable<Uint8Array>> {
  const architecture = (await run(['uname', '-m'])).stdout.trim();
  const metadata = Buffer.from(`architecture: ${architecture}\ncreation_date: 1\n`);
  const common = { linkName: '', mode: 0o755, uid: 0, gid: 0, mtime: 0, attributes: new Map<string, string>() };
  const entry = (name: string, type: string, content: Uint8Array = Buffer.alloc(0)) =>
    tarFile({ ...common, name, type, sizeBytes: content.length }, content);
  const pieces = [
    entry('metadata.yaml', tarTypes.file, metadata),
    entry('rootfs/', tarTypes.directory),
    entry('rootfs/sbin/', tarTypes.directory),
    entry('rootfs/sbin/init', tarTypes.file, program),
    tarEnd,
  ];
  return (async function* () {
    yield* pieces;
  })();
}

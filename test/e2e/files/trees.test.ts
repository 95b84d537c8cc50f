import assert from 'node:assert/strict';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setExtendedAttribute } from '../../../native/extended-attributes.ts';
import { run, runChecked } from '../../../server/host/run.ts';
import { Daemon } from '../harness/daemon.ts';
import { template } from '../harness/template.ts';

const longMs = 8 * 60_000;
const files = 20_000;
const sparseBytes = 2 * 1024 ** 3;
const largeBytes = 400 * 1024 ** 2;
/** All that yurtd may have in memory, the pages of Node's own program, which it shares with others, included. */
const maxResidentBytes = 150e6;
/** The same while a file passes that is far larger: buffers that were freed go back to the kernel late. */
const maxResidentWithLargeFileBytes = 180e6;

describe('a large tree', () => {
  let yurt: Daemon;
  let here = '';

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('launch', 'tiny', 'box');
      here = mkdtempSync(join(tmpdir(), 'yurt-tree-'));
      await makeTree(join(here, 'tree'));
    },
    { timeout: longMs },
  );
  after(async () => {
    rmSync(here, { recursive: true, force: true });
    await yurt[Symbol.asyncDispose]();
  });

  it('comes back as it went, and the server stays small', { timeout: longMs }, async () => {
    restartPeak(yurt.pid);
    await yurt.ok('file', 'push', '-a', join(here, 'tree'), 'box/root');
    await yurt.ok('file', 'pull', '-a', 'box/root/tree', join(here, 'back'), '-p');
    assert.equal(await digest(join(here, 'back')), await digest(here));
    await runChecked(run, ['cmp', join(here, 'tree/sparse'), join(here, 'back/tree/sparse')]);
    const sparse = await runChecked(run, ['stat', '-c', '%s %b', join(here, 'back/tree/sparse')]);
    const [size, blocks] = sparse.stdout.trim().split(' ').map(Number);
    assert.equal(size, sparseBytes);
    assert.ok((blocks ?? 0) * 512 < 1e6, 'the holes are holes');
    assertSmall(yurt.pid);
  });

  it('is no more for the server than a large file', { timeout: longMs }, async () => {
    writeFileSync(join(here, 'large'), Buffer.alloc(largeBytes, 'large'));
    restartPeak(yurt.pid);
    await yurt.ok('file', 'push', join(here, 'large'), 'box/root/large');
    await yurt.ok('file', 'pull', 'box/root/large', join(here, 'again'));
    await runChecked(run, ['cmp', join(here, 'large'), join(here, 'again')]);
    assertSmall(yurt.pid, maxResidentWithLargeFileBytes);
  });
});

async function makeTree(root: string): Promise<void> {
  for (let directory = 0; directory < 200; directory++) {
    const path = join(root, `d${directory}`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < files / 200; file++) writeFileSync(join(path, `f${file}`), `${directory} ${file}\n`);
  }
  symlinkSync('d0/f0', join(root, 'link'));
  for (let name = 0; name < 50; name++) linkSync(join(root, `d${name}/f0`), join(root, `linked${name}`));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/odd\n`), Buffer.from([0xff])]), 'odd');
  setExtendedAttribute(Buffer.from(join(root, 'd1/f1')), 'user.note', Buffer.from([0, 255, 10]));
  await runChecked(run, ['chown', '12:34', join(root, 'd1/f1')]);
  await runChecked(run, ['chown', '-h', '5:6', join(root, 'link')]);
  await runChecked(run, ['chmod', '4711', join(root, 'd2/f2')]);
  writeFileSync(join(root, 'sparse'), 'head');
  truncateSync(join(root, 'sparse'), sparseBytes);
  await using file = await open(join(root, 'sparse'), 'r+');
  await file.write('middle', 1_500_000_001);
}

/** Of names, kinds, modes, owners, times, links, attributes and content, as tar(1) sees them. Not of the sparse file: tar writes its own pid beside one. */
async function digest(directory: string): Promise<string> {
  const script =
    'tar --sort=name --format=pax --pax-option=delete=atime,delete=ctime --exclude=tree/sparse --xattrs --numeric-owner -C "$0" -c tree | sha256sum';
  const { stdout } = await runChecked(run, ['/bin/sh', '-c', script, directory]);
  return stdout;
}

/** Forgets the peak so far: proc_pid_clear_refs(5). */
function restartPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function assertSmall(pid: number, maxBytes = maxResidentBytes): void {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  assert.ok(peak < maxBytes, `yurtd had up to ${peak} bytes in memory: ${status}`);
}

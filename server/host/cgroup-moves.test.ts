import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { CgroupMoves } from './cgroup-moves.ts';

it('moves this process to where it is, as long as somebody wants quick moves', async () => {
  const root = await mkdtemp(join(tmpdir(), 'yurt-moves-'));
  await using _removed = { [Symbol.asyncDispose]: () => rm(root, { recursive: true }) };
  const own = /^0::(.*)$/m.exec(await readFile('/proc/self/cgroup', 'utf8'))?.[1];
  assert.ok(own !== undefined, 'this host has a cgroup v2 tree');
  const file = join(root, own, 'cgroup.procs');
  await mkdir(join(root, own), { recursive: true });
  await writeFile(file, '');
  const moves = new CgroupMoves(root);
  const [first, second] = [moves.quicken(), moves.quicken()];
  await written(file);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await rm(file);
  await written(file);
  second[Symbol.dispose]();
});

it('does without a v2 tree', () => {
  using _held = new CgroupMoves(undefined).quicken();
});

/** Resolves when `file` holds what is written for a move; the test's own time limit ends the wait. */
async function written(file: string): Promise<void> {
  while ((await readFile(file, 'utf8').catch(() => '')) !== '0') await new Promise(setImmediate);
}

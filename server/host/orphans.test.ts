import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Orphans } from './orphans.ts';
import { run } from './run.ts';

/** The pid of a process whose parent has left it to the next ancestor that takes in orphans. */
async function makeOrphan(seconds: string): Promise<number> {
  const { stdout } = await run(['sh', '-c', `sleep ${seconds} >/dev/null 2>&1 & echo $!`]);
  return Number(stdout);
}

async function gone(pid: number): Promise<boolean> {
  for (const deadline = Date.now() + 5_000; Date.now() < deadline; await delay(5)) {
    if (!existsSync(`/proc/${pid}`)) return true;
  }
  return false;
}

test('orphans become children, and go when they end, adopted or not', { timeout: 20_000 }, async () => {
  using orphans = new Orphans();
  for (const adopt of [true, false]) {
    const pid = await makeOrphan('0.05');
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), new RegExp(`^PPid:\\s${process.pid}$`, 'm'));
    if (adopt) orphans.adopt(pid);
    assert.ok(await gone(pid));
  }
});

test('the results of programs that Node waits for are left to Node', { timeout: 20_000 }, async () => {
  using orphans = new Orphans();
  orphans.adopt(1); // no child: ignored
  const codes = Array.from({ length: 40 }, (_, index) => index);
  const results = await Promise.all(codes.map((code) => run(['sh', '-c', `sleep 0.${code % 10}; exit ${code}`])));
  assert.deepEqual(
    results.map(({ exitCode }) => exitCode),
    codes,
  );
});

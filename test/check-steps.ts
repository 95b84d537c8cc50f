import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot, runTests, type Totals, testFiles } from './runner.ts';

const unitTimeoutMs = 60_000;

/** Lint, types, then all tests that need no root. A step of the first two that fails counts as one failed test. */
export async function checkTotals(): Promise<Totals> {
  const failed = [step('lint', ['biome', 'check', '.']), step('types', ['tsc', '-p', '.'])].filter((good) => !good);
  const files = testFiles(['**/*.test.ts'], ['test/e2e/**', 'test/vm/**', 'test/bench/**']);
  const totals = await runTests(files, 2, unitTimeoutMs);
  return { ...totals, failed: totals.failed + failed.length };
}

function step(name: string, [tool = '', ...args]: readonly string[]): boolean {
  const { status } = spawnSync(join(projectRoot, 'node_modules/.bin', tool), args, {
    cwd: projectRoot,
    stdio: 'inherit',
  });
  console.log(status === 0 ? `✔ ${name}` : `✖ ${name}`);
  return status === 0;
}

import { globSync } from 'node:fs';
import { dirname } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

export const projectRoot = dirname(import.meta.dirname);

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** Test files below the project's root that match, without those of dependencies. */
export function testFiles(patterns: readonly string[], except: readonly string[] = []): string[] {
  return globSync([...patterns], { cwd: projectRoot, exclude: ['node_modules/**', 'dist/**', ...except] })
    .map((file) => `${projectRoot}/${file}`)
    .sort();
}

/** Runs test files, each in a process of its own, prints a report and returns what was counted. */
export async function runTests(files: readonly string[], concurrency: number, timeoutMs: number): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  const stream = run({ files: [...files], concurrency, timeout: timeoutMs, execArgv: process.execArgv });
  stream.on('test:pass', ({ details, skip, todo }) => {
    if (details.type === 'suite') return;
    if (skip !== undefined || todo !== undefined) totals.skipped += 1;
    else totals.passed += 1;
  });
  stream.on('test:fail', ({ details }) => {
    if (details.type !== 'suite') totals.failed += 1;
  });
  const report = stream.compose(spec);
  report.pipe(process.stdout, { end: false });
  await new Promise((resolve) => report.on('end', resolve));
  return totals;
}

export function addTotals(left: Totals, right: Totals): Totals {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

/** The line that continuous integration reads, and the exit code that follows from it. */
export function conclude(totals: Totals): void {
  console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  if (totals.failed > 0 || totals.passed === 0) process.exitCode = 1;
}

import { relative } from 'node:path';
import { projectRoot, runTests, type Totals, testFiles } from '../runner.ts';

/** One file: images are built, systems boot. */
const fileTimeoutMs = 15 * 60_000;

/** The end-to-end tests whose path contains `name`; one file after the other, since they measure and load the machine. */
export async function endToEndTotals(name: string): Promise<Totals> {
  if (process.getuid?.() !== 0) throw new Error('End-to-end tests need root');
  return await runTests(
    testFiles(['test/e2e/**/*.test.ts']).filter((file) => relative(projectRoot, file).includes(name)),
    1,
    fileTimeoutMs,
  );
}

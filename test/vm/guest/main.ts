/** Runs inside the virtual machine: the core of the tests, their report to one port and their totals to another. */
import { readFileSync, writeFileSync } from 'node:fs';
import { addTotals, runTests, type Totals, testFiles } from '../../runner.ts';
import { ports, testsParameter, testsSeparator } from '../guest-units.ts';
import { coreTests } from './core.ts';

/** One file: emulation is ten to twenty times slower than the host. */
const fileTimeoutMs = 30 * 60_000;

const chosen = readFileSync('/proc/cmdline', 'utf8')
  .trim()
  .split(' ')
  .find((parameter) => parameter.startsWith(`${testsParameter}=`))
  ?.slice(testsParameter.length + 1)
  .split(testsSeparator);
let totals: Totals = { passed: 0, failed: 0, skipped: 0 };
for (const file of testFiles(chosen ?? coreTests)) {
  let ofFile = await runTests([file], 1, fileTimeoutMs);
  // Under emulation V8 itself dies now and then ("Fatal error in , line 0"): a process that ended before any of its tests
  // did is started once more. A test that fails is never repeated.
  if (ofFile.passed === 0 && ofFile.failed === 1) ofFile = await runTests([file], 1, fileTimeoutMs);
  totals = addTotals(totals, ofFile);
}
writeFileSync(`/dev/virtio-ports/${ports.totals}`, `${JSON.stringify(totals)}\n`);

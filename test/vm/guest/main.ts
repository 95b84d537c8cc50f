/** Runs inside the virtual machine: the core of the tests, their report to one port and their totals to another. */
import { readFileSync, writeFileSync } from 'node:fs';
import { runTests, testFiles } from '../../runner.ts';
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
const totals = await runTests(testFiles(chosen ?? coreTests), 1, fileTimeoutMs);
writeFileSync(`/dev/virtio-ports/${ports.totals}`, `${JSON.stringify(totals)}\n`);

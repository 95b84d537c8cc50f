/**
 * `npm run test:vm [path…]`: the end-to-end core in a virtual machine: pure cgroup v2, AppArmor, crun. Without KVM too.
 * `YURT_VM_CACHE` says where the machine's system is kept.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { template } from '../e2e/harness/template.ts';
import { conclude, projectRoot, type Totals } from '../runner.ts';
import { baseSystem } from './base-system.ts';
import { coreTemplates } from './guest/core.ts';
import { runMachine } from './machine.ts';
import { packProject, packTemplates } from './project-disk.ts';

/** Beside other work on the same processors it takes three times as long. */
const timeLimitMs = 60 * 60_000;
const cache = process.env['YURT_VM_CACHE'] ?? join(projectRoot, '.cache/vm');
const nothingRan: Totals = { passed: 0, failed: 1, skipped: 0 };

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

mkdirSync(cache, { recursive: true });
const directory = mkdtempSync(join(tmpdir(), 'yurt-vm-'));
try {
  conclude(await testInMachine());
} catch (error) {
  console.error(`✖ The virtual machine: ${error instanceof Error ? error.message : String(error)}`);
  keepConsoleLog();
  conclude(nothingRan);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function testInMachine(): Promise<Totals> {
  const system = await baseSystem(cache);
  const templates: string[] = [];
  for (const images of coreTemplates) templates.push(await template(...images));
  const disks = [join(directory, 'project.squashfs'), join(directory, 'templates.squashfs')] as const;
  await Promise.all([packProject(projectRoot, disks[0]), packTemplates(templates, disks[1])]);
  console.log('Booting the virtual machine…');
  const { totals } = await runMachine({
    ...{ system, disks, directory, timeLimitMs, tests: process.argv.slice(2), signal: interrupted.signal },
  });
  return totalsFrom(readFileSync(totals, 'utf8'));
}

function totalsFrom(line: string): Totals {
  if (line === '') throw new Error('it powered off without saying what the tests did');
  const { passed, failed, skipped }: Totals = JSON.parse(line);
  return { passed, failed, skipped };
}

function keepConsoleLog(): void {
  const log = join(directory, 'console.log');
  if (!existsSync(log)) return;
  const kept = join(cache, 'console.log');
  copyFileSync(log, kept);
  console.error(readFileSync(kept, 'utf8').split('\n').slice(-20).join('\n'));
  console.error(`The whole log of its console: ${kept}`);
}

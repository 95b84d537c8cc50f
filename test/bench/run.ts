/**
 * `npm run bench [name…]`: yurt measured, side by side with LXD where that is installed.
 * Options: `--only yurt|lxd`, `--rounds N`, `--lxd-pool btrfs|dir`, `--json`.
 */
import { parseArgs } from 'node:util';
import { template } from '../e2e/harness/template.ts';
import type { Benchmark } from './benchmarks/benchmark.ts';
import { exec } from './benchmarks/exec.ts';
import { files } from './benchmarks/files.ts';
import { launch } from './benchmarks/launch.ts';
import { list } from './benchmarks/list.ts';
import { memory } from './benchmarks/memory.ts';
import { screen } from './benchmarks/screen.ts';
import { snapshots } from './benchmarks/snapshots.ts';
import { stop } from './benchmarks/stop.ts';
import { imageArchives } from './images.ts';
import { formatSection, type Section, toJson } from './report.ts';
import { Lxd } from './subjects/lxd.ts';
import { benchImages, type Subject } from './subjects/subject.ts';
import { Yurt } from './subjects/yurt.ts';

const benchmarks: readonly Benchmark[] = [launch, exec, files, list, snapshots, stop, memory, screen];

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    rounds: { type: 'string' },
    'lxd-pool': { type: 'string', default: 'btrfs' },
    json: { type: 'boolean', default: false },
  },
});

/** Ends the measuring; the cleaning up that follows cannot be interrupted. */
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());

try {
  await main();
} catch (error) {
  if (!interrupted.signal.aborted) console.error(error);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}

async function main(): Promise<void> {
  const unknown = names.find((name) => !benchmarks.some((benchmark) => benchmark.name === name));
  if (unknown !== undefined) {
    throw new Error(`No benchmark "${unknown}": there are ${benchmarks.map(({ name }) => name).join(', ')}`);
  }
  await using stack = new AsyncDisposableStack();
  const subjects = await startSubjects(stack);
  const rounds = options.rounds === undefined ? undefined : Number(options.rounds);
  const sections: Section[] = [];
  for (const benchmark of benchmarks) {
    if (names.length > 0 && !names.includes(benchmark.name)) continue;
    const section = { benchmark: `${benchmark.name}: ${benchmark.doc}`, rows: await benchmark.run(subjects, rounds) };
    sections.push(section);
    if (!options.json) console.log(`${formatSection(section)}\n`);
  }
  if (options.json) console.log(toJson(sections));
}

async function startSubjects(stack: AsyncDisposableStack): Promise<Subject[]> {
  const state = await template(...benchImages);
  const { signal } = interrupted;
  const subjects: Subject[] = [];
  if (options.only !== 'lxd') subjects.push(stack.use(await Yurt.start(state, signal)));
  if (options.only !== 'yurt' && (await Lxd.isInstalled())) {
    const pool = options['lxd-pool'] === 'dir' ? 'dir' : 'btrfs';
    subjects.push(stack.use(await Lxd.start({ images: imageArchives(state), pool, signal })));
  } else if (options.only !== 'yurt') {
    console.error('LXD is not installed (Debian: lxd, lxd-client): yurt is measured alone.');
  }
  if (subjects.length === 0) throw new Error('Nothing to measure');
  return subjects;
}

/**
 * yurtd whose death can be told beforehand: on SIGUSR2 it reads `Death` from the file `death` in its directory and kills
 * itself (SIGKILL) at that step. It writes the names of its steps since then to the file `steps` beside it.
 */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pino } from 'pino';
import { directoriesFrom, makeDirectories } from '../../../server/daemon/directories.ts';
import { startServer, type Tools } from '../../../server/daemon/server.ts';
import { LevelStore } from '../../../server/db/level-store.ts';
import type { Change, Store } from '../../../server/db/store.ts';
import { KernelMounts } from '../../../server/host/mounts.ts';
import { type ProgramOutput, programOutput } from '../../../server/host/program-output.ts';
import { run } from '../../../server/host/run.ts';
import { projectRoot } from '../harness/daemon.ts';

export interface Death {
  /** The first is 1; 0: never. */
  readonly step: number;
  /** `before` a step, or when a program has `begun`, which then runs on; the steps are the programs alone. */
  readonly moment: 'before' | 'begun';
}

const directory = process.env['YURT_DIR'] ?? '';
const [deathPath, stepsPath] = [join(directory, 'death'), join(directory, 'steps')];
let death: Death | undefined;
let steps = 0;
let lastName = '';

process.on('SIGUSR2', () => {
  const told: Death = JSON.parse(readFileSync(deathPath, 'utf8')); // written by crash-world.ts
  death = told.step === 0 ? undefined : told;
  steps = 0;
  if (death !== undefined) writeFileSync(stepsPath, '');
  rmSync(deathPath);
});

function step<Result>(name: string, act: () => Result, isProgram = false): Result {
  if (death === undefined) return act();
  // Tried again while the kernel still writes out an earlier one: as often as the machine is slow.
  if (name === 'mount a root' && name === lastName) return act();
  lastName = name;
  appendFileSync(stepsPath, `${name}\n`);
  if (death.moment === 'begun' && !isProgram) return act();
  steps += 1;
  const last = steps === death.step;
  if (last && death.moment === 'before') die();
  const result = act();
  if (last) die();
  return result;
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('a dead server went on');
}

function begin<Result>([program = '', verb = '']: readonly string[], act: () => Result): Result {
  return step(`${basename(program)} ${/^[a-z]+$/.test(verb) ? verb : ''}`.trim(), act, true);
}

function commitName({ put = [], remove = [] }: Change): string {
  const kinds = [...put.map(({ key }) => `put ${key}`), ...remove.map((key) => `remove ${key}`)];
  return `commit ${[...new Set(kinds.map((kind) => kind.replace(/\/.*/, '')))].join(', ')}`;
}

async function openStore(path: string): Promise<Store> {
  const store = await LevelStore.open(path);
  const commit = store.commit.bind(store);
  return Object.assign(store, { commit: (change: Change) => step(commitName(change), () => commit(change)) });
}

class MortalMounts extends KernelMounts {
  override bindMapped(...args: Parameters<KernelMounts['bindMapped']>) {
    return step('mount a layer', () => super.bindMapped(...args));
  }
  override overlay(...args: Parameters<KernelMounts['overlay']>) {
    return step('mount a root', () => super.overlay(...args));
  }
  override unmount(...args: Parameters<KernelMounts['unmount']>) {
    return step('unmount', () => super.unmount(...args));
  }
}

/** A program that is read begins with the first piece. */
const output: ProgramOutput = async function* output(argv, signal) {
  const pieces = programOutput(argv, signal);
  try {
    const first = await begin(argv, () => pieces.next());
    if (first.done === true) return;
    yield first.value;
    yield* pieces;
  } finally {
    await pieces.return();
  }
};

const tools: Tools = {
  ...{ openStore, output },
  mounts: new MortalMounts(),
  run: (argv, options) => begin(argv, () => run(argv, options)),
};
const directories = directoriesFrom(directory);
makeDirectories(directories);
const log = pino({ base: null });
const server = await startServer({ log, directories, root: projectRoot, version: '0', hostName: 'mortal', tools });
process.once('SIGTERM', () => server.stop());
await server.stopped;
process.exit(0);

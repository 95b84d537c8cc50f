import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { IdMap } from '../../../server/base/id-map.ts';
import { silentLog } from '../../../server/base/log.ts';
import type { Task } from '../../../server/base/task.ts';
import { KernelLimitFiles } from '../../../server/host/cgroup-limits.ts';
import { Cgroups } from '../../../server/host/cgroups.ts';
import { detectHostFeatures, realHost } from '../../../server/host/host-features.ts';
import { Orphans } from '../../../server/host/orphans.ts';
import { type Run, run } from '../../../server/host/run.ts';
import { buildSpec, type SpecInput } from '../../../server/runtime/build-spec.ts';
import { readConsoleLog } from '../../../server/runtime/console-log.ts';
import { OciRuntime } from '../../../server/runtime/oci-runtime.ts';
import { makeBusyboxRoot } from './busybox-root.ts';

/** One for all servers of a test: they are one process. */
export const orphans = new Orphans();

export const idMap: IdMap = { hostBase: 1_900_000_000, size: 65_536 };

export function newTask(signal: AbortSignal = new AbortController().signal): Task {
  return { signal, log: silentLog, report() {} };
}

/** Polls until `condition` returns something else than undefined or false. */
export async function eventually<T>(what: string, condition: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await delay(10)) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) return value;
  }
  throw new Error(`Did not happen in time: ${what}`);
}

/** A runtime of its own in a directory of its own; leaving the scope removes every container and checks that. */
export class RuntimeUnderTest implements AsyncDisposable {
  readonly directory: string;
  readonly daemonId: string;
  readonly cgroups: Cgroups;
  runtime: OciRuntime;

  private constructor(directory: string, daemonId: string, cgroups: Cgroups, runtime: OciRuntime) {
    this.directory = directory;
    this.daemonId = daemonId;
    this.cgroups = cgroups;
    this.runtime = runtime;
  }

  static async open(runner: Run = run, limits: { insideTimeoutMs?: number } = {}): Promise<RuntimeUnderTest> {
    const directory = mkdtempSync(join(tmpdir(), 'yurt-e2e-runtime-'));
    chmodSync(directory, 0o711); // the root of a container is somebody else on the host, and must reach its files
    const daemonId = `e2e-${randomUUID().slice(0, 8)}`;
    const cgroups = await Cgroups.detect();
    mkdirSync(join(directory, 'run'));
    return new RuntimeUnderTest(directory, daemonId, cgroups, await openRuntime(directory, daemonId, runner, limits));
  }

  /** What the next server does: another object over the same directories. */
  async reopen(runner: Run = run): Promise<void> {
    this.runtime = await openRuntime(this.directory, this.daemonId, runner);
  }

  get limits(): KernelLimitFiles {
    return new KernelLimitFiles(this.cgroups, `/yurt/${this.daemonId}`);
  }

  logPath(id: string): string {
    return join(this.directory, 'log', id, 'console.log');
  }

  rootPath(id: string): string {
    return join(this.directory, 'roots', id);
  }

  /** A specification for `id`, with a busybox root unless there is a root already. */
  async spec(id: string, change: Partial<SpecInput> = {}, inittab?: string) {
    if (!existsSync(this.rootPath(id))) makeBusyboxRoot(this.rootPath(id), idMap, inittab);
    const { facts } = await detectHostFeatures(realHost(this.cgroups));
    const cgroupsPath = this.runtime.cgroupOf(id);
    const base = { id, hostname: 'guest', idMap, rootPath: this.rootPath(id), init: ['/sbin/init'], environment: {} };
    return buildSpec({ ...base, cgroupsPath, devices: [], mounts: [], host: facts, ...change });
  }

  async create(change: Partial<SpecInput> = {}, inittab?: string): Promise<string> {
    const id = randomUUID();
    const spec = await this.spec(id, change, inittab);
    await this.runtime.create(newTask(), { id, spec, consoleLogPath: this.logPath(id) });
    return id;
  }

  /** A system that is up: its shell has asked for a command. */
  async boot(change: Partial<SpecInput> = {}): Promise<string> {
    const id = await this.create(change);
    await this.runtime.start(newTask(), id);
    await this.seen(id, '/ # ');
    return id;
  }

  async output(id: string): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const data of readConsoleLog(this.logPath(id), newTask())) chunks.push(data);
    return Buffer.concat(chunks).toString('utf8');
  }

  /** Waits until the console has put out `text`. */
  async seen(id: string, text: string | RegExp): Promise<string> {
    return eventually(`${text} on the console`, async () => {
      const output = await this.output(id);
      return (typeof text === 'string' ? output.includes(text) : text.test(output)) ? output : undefined;
    });
  }

  /** Types a command; returns what it put out, then `END` and its status. */
  async shell(id: string, command: string): Promise<string> {
    const mark = randomUUID().slice(0, 8);
    // The marks are typed in two parts, so that the echo of the command line does not look like them.
    await this.runtime.writeConsole(id, Buffer.from(`echo "B""EGIN ${mark}"; ${command}; echo "E""ND $? ${mark}"\n`));
    const result = new RegExp(`BEGIN ${mark}\r\n(.*END \\d+) ${mark}`, 's');
    return (result.exec(await this.seen(id, result))?.[1] ?? '').replaceAll('\r\n', '\n');
  }

  /** Every trace of a container or, without an id, of this server, in files, cgroups and processes. */
  traces(id = ''): string[] {
    const { directory, daemonId } = this;
    const files = ['run/containers', 'run/engine', 'run/tmp', 'run'].flatMap((name) =>
      list(join(directory, name))
        .filter((entry) => !['containers', 'engine', 'tmp'].includes(entry))
        .map((entry) => join(name, entry)),
    );
    const groups = Object.values(this.cgroups.paths(`/yurt/${daemonId}`)).flatMap((path) =>
      existsSync(path)
        ? readdirSync(path)
            .filter((entry) => entry.includes('-'))
            .map((entry) => join(path, entry))
        : [],
    );
    const processes = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(directory));
    const all = [...files, ...groups, ...processes.map((pid) => `process ${pid}: ${commandOf(pid)}`)];
    return id === '' ? all : all.filter((trace) => trace.includes(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of await this.runtime.list()) await this.runtime.delete(id);
    await this.cgroups.remove(`/yurt/${this.daemonId}`);
    const traces = this.traces();
    rmSync(this.directory, { recursive: true, force: true });
    assert.deepEqual(traces, []);
  }
}

function list(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

async function openRuntime(
  directory: string,
  daemonId: string,
  runner: Run,
  limits: { insideTimeoutMs?: number } = {},
): Promise<OciRuntime> {
  const cgroups = await Cgroups.detect();
  const features = await detectHostFeatures(realHost(cgroups));
  const runDirectory = join(directory, 'run');
  return OciRuntime.open({
    runDirectory,
    daemonId,
    cgroups,
    features,
    run: runner,
    orphans,
    log: silentLog,
    ...limits,
  });
}

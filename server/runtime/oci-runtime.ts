import { randomUUID } from 'node:crypto';
import { constants as fsConstants } from 'node:fs';
import { mkdir, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { signalProcess } from '../../native/process.ts';
import { errnoOf, Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import { Revert } from '../base/revert.ts';
import type { Task } from '../base/task.ts';
import { CgroupMoves } from '../host/cgroup-moves.ts';
import type { Cgroups } from '../host/cgroups.ts';
import { FileWatch } from '../host/file-watch.ts';
import type { HostFeatures } from '../host/host-features.ts';
import { type Run, runChecked } from '../host/run.ts';
import { execProcess } from './build-spec.ts';
import { Bundle, isContainerId } from './bundle.ts';
import { checkExecInput } from './check-spec-input.ts';
import { parseExit, startConmon } from './conmon.ts';
import { ConsoleInput } from './console-input.ts';
import type { ContainerState, CreateContainer, ExecInContainer, ExitReason, Runtime } from './contract.ts';
import { chooseEngine, type Engine } from './engine.ts';
import { releaseInit } from './exec-fifo.ts';
import { parseSpec, stringifySpec } from './oci-json.ts';
import type { OciSpec } from './oci-spec.ts';
import { isConmonOf, livesInCgroup } from './processes.ts';
import { runtimeFault } from './runtime-fault.ts';
import { signalNumber } from './signals.ts';

export interface OciRuntimeOptions {
  /** The server's run directory (`/run/yurt`); `containers/`, `engine/` and `tmp/` below it belong to the runtime. */
  readonly runDirectory: string;
  /** Unique among the servers of this machine; a name of letters, digits and dashes. */
  readonly daemonId: string;
  readonly cgroups: Cgroups;
  readonly features: HostFeatures;
  readonly run: Run;
  /** Who waits for the processes that the engines leave to the server. */
  readonly orphans: { adopt(pid: number): void };
  readonly log: Log;
  /** How long one call of the engine may work inside a container; default `insideTimeoutMs`. */
  readonly insideTimeoutMs?: number;
}

/** The path of conmon's temporary socket, `RUN/tmp/22_CHARACTERS/conmon-term.XXXXXX`, must fit into 108 bytes (unix(7)). */
const maxRunDirectoryBytes = 60;
const freezeTimeoutMs = 10_000;
/**
 * For one call of an engine that works inside: it reads files there (/etc/passwd, say), which may be pipes that nobody
 * ever writes to. What a healthy call takes is 20-100 ms.
 */
const insideTimeoutMs = 30_000;
const maxTerminalSize = 1000; // conmon refuses more
/** Of the files of one command in a container's bundle. */
const execPrefix = 'exec-';

/** Any OCI runtime behind conmon, with all state in the run directory and in the kernel. */
export class OciRuntime implements Runtime {
  readonly engine: Runtime['engine'];
  readonly conmonVersion: string;
  readonly #options: OciRuntimeOptions;
  readonly #driver: Engine;
  readonly #bundles: string;
  readonly #engineState: string;
  readonly #moves: CgroupMoves;
  readonly #input = new ConsoleInput();

  private constructor(options: OciRuntimeOptions, driver: Engine, versions: { engine: string; conmon: string }) {
    this.#options = options;
    this.#driver = driver;
    this.#moves = new CgroupMoves(options.cgroups.unified);
    this.#bundles = join(options.runDirectory, 'containers');
    this.#engineState = join(options.runDirectory, 'engine');
    this.engine = { name: driver.name, version: versions.engine, path: driver.path };
    this.conmonVersion = versions.conmon;
  }

  /** Chooses the engine and makes directories and the server's cgroup. Faults: `unsupported`, with what is missing. */
  static async open(options: OciRuntimeOptions): Promise<OciRuntime> {
    if (!/^[A-Za-z0-9-]{1,64}$/.test(options.daemonId)) throw new Fault('internal', 'Invalid daemon id');
    if (Buffer.byteLength(options.runDirectory) > maxRunDirectoryBytes) {
      throw new Fault('invalid', `Directory name is too long for sockets: ${options.runDirectory}`);
    }
    const driver = chooseEngine(options.features);
    const [engine, conmon] = await Promise.all([
      versionOf(options.run, driver.path),
      versionOf(options.run, options.features.features.conmon.detail),
      options.cgroups.enableControllers(`/yurt/${options.daemonId}`),
    ]);
    const runtime = new OciRuntime(options, driver, { engine, conmon });
    await mkdir(runtime.#bundles, { recursive: true, mode: 0o700 });
    await mkdir(runtime.#engineState, { recursive: true, mode: 0o700 });
    await runtime.#forgetExecs();
    return runtime;
  }

  expectCreate(): Disposable {
    return this.#moves.quicken();
  }

  async create(task: Task, { id, spec, consoleLogPath }: CreateContainer): Promise<ContainerState> {
    const { cgroups, features, log, run } = this.#options;
    const bundle = this.#bundle(id);
    const hostRoot = spec.linux.uidMappings?.[0]?.hostID ?? 0;
    if (spec.linux.cgroupsPath !== this.cgroupOf(id)) {
      throw new Fault('internal', 'The specification has another cgroup');
    }
    await using revert = new Revert(log);
    await this.#claim(bundle);
    revert.push('delete the container', () => this.delete(id));
    await Promise.all([
      writeFile(bundle.config, stringifySpec(spec), { mode: 0o600 }),
      mkdir(this.#socketDirectory(id), { recursive: true, mode: 0o700 }),
      mkdir(dirname(consoleLogPath), { recursive: true, mode: 0o700 }),
      // Made before the runtime finds it: systemd inside needs it as its own, and limits on its children.
      cgroups.delegate(this.cgroupOf(id), hostRoot),
      cgroups.create(this.#conmonCgroup(id)),
    ]);
    const start = {
      conmonPath: features.features.conmon.detail,
      engine: this.#driver,
      engineStateDirectory: this.#engineState,
      bundle,
      consoleLogPath,
      socketDirectory: this.#socketDirectory(id),
      enterCgroup: (conmon: number) => cgroups.moveProcess(this.#conmonCgroup(id), conmon),
    };
    const pid = await this.#inTime(task, (signal) => startConmon(run, start, signal));
    await Promise.all([this.#adoptConmon(bundle), rm(this.#socketDirectory(id), { recursive: true })]);
    if (task.signal.aborted) throw Fault.from(task.signal.reason);
    revert.commit();
    return { status: 'created', pid };
  }

  async start(task: Task, id: string): Promise<void> {
    const state = await this.#existing(id);
    if (state.status !== 'created') throw new Fault('wrong-state', `The container is ${state.status}`);
    if (this.#driver.startsByFifo && (await releaseInit(join(this.#engineState, id, 'exec.fifo')))) return;
    const argv = [this.#driver.path, ...this.#driver.globalArguments(this.#engineState), 'start', id];
    const result = await this.#inTime(task, (signal) => this.#options.run(argv, { signal }));
    if (result.exitCode !== 0) throw runtimeFault(this.#driver.name, result.stderr);
  }

  async state(id: string): Promise<ContainerState | undefined> {
    const bundle = this.#bundle(id);
    const pid = await this.#livingInit(bundle);
    if (pid === undefined) return (await bundle.exists()) ? { status: 'stopped', pid: 0 } : undefined;
    const [waiting, frozen] = await Promise.all([
      // Both runtimes keep this fifo until `start` has released init.
      exists(join(this.#engineState, id, 'exec.fifo')),
      this.#options.cgroups.isFrozen(this.cgroupOf(id)),
    ]);
    if (waiting) return { status: 'created', pid };
    return { status: frozen ? 'paused' : 'running', pid };
  }

  async list(): Promise<string[]> {
    const [bundles, states, groups] = await Promise.all([
      readdir(this.#bundles),
      readdir(this.#engineState),
      this.#options.cgroups.children(`/yurt/${this.#options.daemonId}`),
    ]);
    const names = [...bundles, ...states, ...groups.map((name) => name.replace(/\.(conmon|agent|devices)$/, ''))];
    return [...new Set(names)].filter(isContainerId);
  }

  async kill(id: string, signal: string): Promise<void> {
    const number = signalNumber(signal);
    const { pid } = await this.#existing(id);
    const sent = pid !== 0 && signalProcess(pid, number, (it) => livesInCgroup(it, this.cgroupOf(id)));
    if (!sent) throw new Fault('wrong-state', 'The container is not running');
  }

  async pause(id: string): Promise<void> {
    const { status } = await this.#existing(id);
    if (status !== 'running') throw new Fault('wrong-state', `The container is ${status}`);
    // The v2 freezer: it needs no controller and is there on hybrid hosts too.
    await this.#options.cgroups.freeze(this.cgroupOf(id), freezeTimeoutMs);
  }

  async resume(id: string): Promise<void> {
    const { status } = await this.#existing(id);
    if (status !== 'paused') throw new Fault('wrong-state', `The container is ${status}`);
    await this.#options.cgroups.thaw(this.cgroupOf(id), freezeTimeoutMs);
  }

  /**
   * Does by hand what the runtimes' own `delete` does, and costs no process: that one needs the state file that a half-made
   * container lacks. All that a container is, is processes in its cgroups, these, and two directories.
   */
  async delete(id: string): Promise<void> {
    const bundle = this.#bundle(id);
    const { cgroups } = this.#options;
    this.#input.close(id);
    // First conmon and, if it is at `create` still, the runtime that it has called: they would go on making things.
    await this.#adoptConmon(bundle);
    await cgroups.remove(this.#conmonCgroup(id));
    const groups = ['', '.agent', '.devices'].map((beside) => `${this.cgroupOf(id)}${beside}`);
    await Promise.all(groups.map((path) => cgroups.remove(path)));
    await rm(this.#socketDirectory(id), { recursive: true, force: true });
    await rm(join(this.#engineState, id), { recursive: true, force: true });
    await rm(bundle.directory, { recursive: true, force: true });
  }

  async waitExit(id: string, signal: AbortSignal): Promise<ExitReason> {
    const bundle = this.#bundle(id);
    await this.#adoptConmon(bundle);
    using changes = new FileWatch();
    changes.add(bundle.directory);
    for (const path of [this.cgroupOf(id), this.#conmonCgroup(id)]) {
      changes.add(join(this.#options.cgroups.unifiedPath(path), 'cgroup.events'));
    }
    for (;;) {
      const reason = await this.#ended(bundle);
      if (reason !== undefined) return reason;
      if (!(await changes.next(signal))) throw signal.reason;
    }
  }

  async exec(task: Task, id: string, request: ExecInContainer): Promise<number> {
    const bundle = this.#bundle(id);
    checkExecInput(request.argv, request.env);
    if (request.leaf !== undefined && !/^\.?[a-z0-9-]{1,64}$/.test(request.leaf)) {
      throw new Fault('internal', 'Invalid cgroup for a command');
    }
    const { status } = await this.#existing(id);
    if (status !== 'running') throw new Fault('wrong-state', `The instance is ${status}`);
    const name = join(bundle.directory, `${execPrefix}${randomUUID()}`);
    const files = { processPath: `${name}.json`, pidPath: `${name}.pid`, logPath: `${name}.log` };
    try {
      const spec = parseSpec((await bundle.read(bundle.config)) ?? 'null') as OciSpec; // written by `create`
      await writeFile(
        files.processPath,
        stringifySpec(execProcess(spec.process, request.argv, request.env, this.#options.features.facts)),
      );
      return await this.#exec(task, bundle, request, files);
    } finally {
      await Promise.all(Object.values(files).map((path) => rm(path, { force: true })));
    }
  }

  async writeConsole(id: string, data: Uint8Array): Promise<void> {
    await this.#input.write(this.#bundle(id), data);
  }

  async resizeConsole(id: string, { columns, rows }: { columns: number; rows: number }): Promise<void> {
    for (const value of [columns, rows]) {
      if (!Number.isInteger(value) || value < 1 || value > maxTerminalSize) {
        throw new Fault('invalid', `Invalid terminal size: ${columns}x${rows}`);
      }
    }
    const flags = fsConstants.O_WRONLY | fsConstants.O_NONBLOCK; // without a reader, opening fails instead of waiting
    try {
      const control = await open(this.#bundle(id).control, flags);
      try {
        await control.write(`1 ${rows} ${columns}\n`);
      } finally {
        await control.close();
      }
    } catch (error) {
      if (!['ENXIO', 'ENOENT', 'EPIPE'].includes(errnoOf(error) ?? '')) throw error;
      throw new Fault('wrong-state', 'The console is not open: the instance is not running', { cause: error });
    }
  }

  cgroupOf(id: string): string {
    return `/yurt/${this.#options.daemonId}/${id}`;
  }

  async cgroupPaths(id: string): Promise<Readonly<Record<string, string>>> {
    return this.#options.cgroups.paths(this.cgroupOf(this.#bundle(id).id));
  }

  /** Removes the files of commands that an earlier server was killed at. */
  async #forgetExecs(): Promise<void> {
    for (const id of await readdir(this.#bundles)) {
      const directory = join(this.#bundles, id);
      const stale = (await readdir(directory)).filter((name) => name.startsWith(execPrefix));
      await Promise.all(stale.map((name) => rm(join(directory, name), { force: true })));
    }
  }

  #bundle(id: string): Bundle {
    return new Bundle(this.#bundles, id);
  }

  /** Where conmon receives the console from the runtime during `create`: private, and shorter than the bundle's name. */
  #socketDirectory(id: string): string {
    const short = Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');
    return join(this.#options.runDirectory, 'tmp', short);
  }

  /** conmon's own cgroup: outside of all limits of the instance and of the service that the server is. */
  #conmonCgroup(id: string): string {
    return `${this.cgroupOf(id)}.conmon`;
  }

  async #claim(bundle: Bundle): Promise<void> {
    try {
      await mkdir(bundle.directory, { mode: 0o700 });
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      throw new Fault('already-exists', `Container ${bundle.id} exists`, { cause: error });
    }
  }

  /** Takes a living conmon in, and into its cgroup if its server was killed before it could move it. */
  async #adoptConmon(bundle: Bundle): Promise<void> {
    const pid = await bundle.readPid(bundle.conmonPid);
    if (pid === undefined || !isConmonOf(pid, bundle.id)) return;
    this.#options.orphans.adopt(pid);
    if (livesInCgroup(pid, this.#conmonCgroup(bundle.id))) return;
    await this.#options.cgroups.create(this.#conmonCgroup(bundle.id));
    await this.#options.cgroups.moveProcess(this.#conmonCgroup(bundle.id), pid);
  }

  async #existing(id: string): Promise<ContainerState> {
    const state = await this.state(id);
    if (state === undefined) throw new Fault('not-found', `There is no container ${id}`);
    return state;
  }

  async #livingInit(bundle: Bundle): Promise<number | undefined> {
    const pid = await bundle.readPid(bundle.initPid);
    return pid !== undefined && livesInCgroup(pid, this.cgroupOf(bundle.id)) ? pid : undefined;
  }

  async #ended(bundle: Bundle): Promise<ExitReason | undefined> {
    // In this order: conmon writes the file before it ends, and after init has ended. The cgroup is asked instead of init:
    // it reports that it is empty, while init, which leaves it before it is dead, would have to be asked again and again.
    const conmon = await bundle.readPid(bundle.conmonPid);
    const conmonLives = conmon !== undefined && isConmonOf(conmon, bundle.id);
    const populated = await this.#options.cgroups.isPopulated(this.cgroupOf(bundle.id));
    const exit = await bundle.read(bundle.exit);
    if (exit !== undefined) return parseExit(exit);
    if (conmonLives || populated === true) return undefined;
    if (await bundle.exists()) return { kind: 'lost' };
    throw new Fault('not-found', `There is no container ${bundle.id}`);
  }

  /** Waits for an engine that works inside, at most `insideTimeoutMs`. Faults: `timed-out`, else those of `work`. */
  async #inTime<T>(task: Task, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const ending = new AbortController();
    const tooLate = new Fault('timed-out', `${this.#driver.name} does not come to an end inside the instance`);
    const timer = setTimeout(() => ending.abort(tooLate), this.#options.insideTimeoutMs ?? insideTimeoutMs);
    try {
      return await work(AbortSignal.any([task.signal, ending.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  async #exec(
    task: Task,
    bundle: Bundle,
    { fds, leaf }: ExecInContainer,
    files: { processPath: string; pidPath: string; logPath: string },
  ): Promise<number> {
    const leafOption = leaf === undefined || !this.#driver.execEntersLeaf ? {} : { leaf };
    const argv = [
      this.#driver.path,
      ...this.#driver.globalArguments(this.#engineState),
      ...this.#driver.execArguments({ ...files, ...leafOption, id: bundle.id, preserveFds: fds.length }),
    ];
    // The new process keeps the runtime's standard streams: they must be nobody's pipes.
    const result = await this.#inTime(task, (signal) => this.#options.run(argv, { signal, fds, output: 'discard' }));
    if (result.exitCode !== 0) throw runtimeFault(this.#driver.name, (await bundle.read(files.logPath)) ?? '');
    const pid = await bundle.readPid(files.pidPath);
    if (pid === undefined) throw new Fault('internal', `${this.#driver.name} exec left no pid`);
    this.#options.orphans.adopt(pid);
    if (leaf !== undefined && !this.#driver.execEntersLeaf) {
      await this.#options.cgroups.moveProcess(`${this.cgroupOf(bundle.id)}/${leaf}`, pid);
    }
    return pid;
  }
}

async function versionOf(run: Run, path: string): Promise<string> {
  const { stdout } = await runChecked(run, [path, '--version']);
  return /version:? +(\S+)/.exec(stdout)?.[1] ?? 'unknown';
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

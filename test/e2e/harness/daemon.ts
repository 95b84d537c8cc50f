import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type RunOptions, type RunResult, run } from '../../../server/host/run.ts';
import { eventually } from './eventually.ts';
import { NetworkNamespace } from './network-namespace.ts';

/** Under emulation it takes ten to twenty times what it takes on the host. */
const startTimeoutMs = 180_000;

export const projectRoot = dirname(dirname(dirname(import.meta.dirname)));

/** Changes a command into one that runs it in some other surroundings. */
export type Within = (argv: readonly string[]) => readonly string[];

/** A real yurtd with a directory and a network namespace of its own, and the real command line to talk to it. */
export class Daemon implements AsyncDisposable {
  readonly directory: string;
  readonly #namespace: NetworkNamespace;
  readonly #within: Within;
  #process: ChildProcess | undefined;

  private constructor(directory: string, namespace: NetworkNamespace, within: Within) {
    this.directory = directory;
    this.#within = within;
    this.#namespace = namespace;
  }

  /** Starts one below `parent`; with `template`, on a copy of that state and those images; as `within` says. */
  static async start(template?: string, parent = tmpdir(), within: Within = (argv) => argv): Promise<Daemon> {
    const directory = mkdtempSync(join(parent, 'yurt-e2e-'));
    chmodSync(directory, 0o711); // ids of instances and of the name server must be able to pass
    if (template !== undefined) cpSync(template, directory, { recursive: true });
    const daemon = new Daemon(directory, await NetworkNamespace.create(), within);
    await daemon.up();
    return daemon;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error('yurtd does not run');
    return pid;
  }

  get log(): string {
    return readFileSync(join(this.directory, 'yurtd.out'), 'utf8');
  }

  /** Starts yurtd (again) and waits until it answers. */
  async up(): Promise<void> {
    const output = openSync(join(this.directory, 'yurtd.out'), 'a');
    const [program = '', ...args] = this.#namespace.enter(this.#within([join(projectRoot, 'bin/yurtd')]));
    const child = spawn(program, args, {
      stdio: ['ignore', output, output],
      env: { ...process.env, YURT_DIR: this.directory },
      detached: true,
    });
    closeSync(output);
    this.#process = child;
    await eventually(async () => {
      try {
        await connects(join(this.directory, 'unix.socket'));
      } catch (error) {
        throw new Error(`yurtd does not answer (exit code ${child.exitCode}): ${this.log.slice(-3000)}`, {
          cause: error,
        });
      }
    }, startTimeoutMs);
  }

  /** Ends yurtd by a signal and waits until it is gone. Instances live on. */
  async signal(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    this.#process = undefined;
  }

  /** Resolves when yurtd has ended, however it did. */
  async ended(): Promise<void> {
    const child = this.#process;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  /** Runs `yurt` with these arguments. */
  async yurt(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return await run([join(projectRoot, 'bin/yurt'), ...args], {
      ...options,
      env: { ...options.env, YURT_DIR: this.directory },
    });
  }

  /** Runs `yurt`, which must succeed; returns what it printed. */
  async ok(...args: string[]): Promise<string> {
    const result = await this.yurt(args);
    if (result.exitCode !== 0) {
      throw new Error(`yurt ${args.join(' ')} ended with ${result.exitCode}: ${result.stderr}${result.stdout}`);
    }
    return result.stdout;
  }

  /** Runs a program in the daemon's network namespace. */
  async inNetwork(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return await run(this.#namespace.enter(argv), options);
  }

  /** Joins this host with another: `10.77.0.1` is this one, `10.77.0.2` the other. */
  async joinWith(other: Daemon): Promise<void> {
    await NetworkNamespace.join(this.#namespace, other.#namespace, ['10.77.0.1/24', '10.77.0.2/24']);
  }

  /** Cuts the cables between this host and others, or mends them. */
  async setCables(state: 'cut' | 'whole'): Promise<void> {
    await this.#namespace.setCables(state);
  }

  /** Runs `yurt` as somebody at this host does: with its network. */
  async yurtHere(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return await this.inNetwork([join(projectRoot, 'bin/yurt'), ...args], {
      ...options,
      env: { YURT_DIR: this.directory, ...options.env },
    });
  }

  /** The command that runs `argv` in the daemon's network namespace. */
  entering(argv: readonly string[]): readonly string[] {
    return this.#namespace.enter(argv);
  }

  /** Deletes all instances, stops everything and removes the directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process === undefined || this.#process.exitCode !== null) await this.up();
    const names = (await this.ok('list', '-f', 'csv', '-c', 'n')).split('\n').filter((name) => name !== '');
    if (names.length > 0) await this.yurt(['delete', '--force', ...names]);
    await this.yurt(['shutdown']);
    await this.ended();
    await this.#namespace[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Whether somebody listens: the file of a socket stays when its server is killed. */
async function connects(path: string): Promise<void> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}

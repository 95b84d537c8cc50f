import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  globSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunOptions, run, runChecked } from '../../../server/host/run.ts';
import { eventually } from '../../e2e/harness/eventually.ts';
import { NetworkNamespace } from '../../e2e/harness/network-namespace.ts';
import { LxdApi } from './lxd-api.ts';
import { parentOf, processMemory } from './process-memory.ts';
import type { BenchImage, Subject } from './subject.ts';

export interface LxdOptions {
  /** Absolute paths of archives; LXD reads yurt's images as its own unified tarballs. */
  readonly images: ReadonlyMap<BenchImage, string>;
  readonly pool: 'btrfs' | 'dir';
  readonly signal: AbortSignal;
}

const startTimeoutSeconds = 60;
const shutdownTimeoutSeconds = 30;
const maxOutputBytes = 64 * 1024 * 1024;
const preseed = (pool: LxdOptions['pool']) => `
storage_pools:
- {name: pool, driver: ${pool}${pool === 'btrfs' ? ', config: {size: 16GiB}' : ''}}
networks:
- name: lxdbr0
  type: bridge
  config: {ipv4.address: 10.199.0.1/24, ipv4.nat: "false", ipv6.address: "fd42:199::1/64", ipv6.nat: "false"}
profiles:
- name: default
  devices:
    root: {type: disk, path: /, pool: pool}
    eth0: {type: nic, network: lxdbr0, name: eth0}
`;

/** LXD as Debian packages it, in network and mount namespaces of its own: without systemd, and the host is left alone. */
export class Lxd implements Subject {
  readonly name = 'lxd';
  readonly #directory: string;
  readonly #signal: AbortSignal;
  readonly #cleanUp = new AsyncDisposableStack();
  readonly #api: LxdApi;
  #daemon: ChildProcess | undefined;

  private constructor(directory: string, signal: AbortSignal) {
    this.#directory = directory;
    this.#signal = signal;
    this.#api = new LxdApi(join(directory, 'lxd/unix.socket'));
  }

  static async isInstalled(): Promise<boolean> {
    const found = await Promise.all(
      ['lxd', 'lxc'].map((program) => run([program, '--version']).catch(() => undefined)),
    );
    return found.every((result) => result?.exitCode === 0);
  }

  /** Starts one with a pool, a bridge and the images; leaves nothing behind when that fails. */
  static async start(options: LxdOptions): Promise<Lxd> {
    const directory = mkdtempSync(join(tmpdir(), 'yurt-bench-lxd-'));
    chmodSync(directory, 0o711); // the ids of instances pass through
    const lxd = new Lxd(directory, options.signal);
    try {
      await lxd.#start(options);
      return lxd;
    } catch (error) {
      await lxd[Symbol.asyncDispose]();
      throw error;
    }
  }

  async command(...args: string[]): Promise<string> {
    return await this.#run(['lxc', ...args], { signal: this.#signal });
  }

  async launch(image: BenchImage, instance: string): Promise<void> {
    await this.command('launch', image, instance, '--quiet');
  }

  async execute(instance: string, argv: readonly string[]): Promise<void> {
    await this.#api.execute(instance, argv);
  }

  async snapshot(instance: string, snapshot: string): Promise<void> {
    await this.#api.snapshot(instance, snapshot);
  }

  async copy(source: string, name: string): Promise<void> {
    await this.#api.copy(source, name);
  }

  async daemonMemory(): Promise<number> {
    return processMemory(this.#daemon?.pid ?? 0);
  }

  /** The monitor is the parent of the instance's init. */
  async instanceMemory(instance: string): Promise<number> {
    const [info] = JSON.parse(await this.command('list', `^${instance}$`, '--format', 'json'));
    return processMemory(parentOf(info.state.pid));
  }

  hasAgent(): boolean {
    return false; // its monitor stays
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanUp.disposeAsync();
  }

  async #start({ images, pool }: LxdOptions): Promise<void> {
    this.#cleanUp.defer(() => rmSync(this.#directory, { recursive: true, force: true }));
    this.#cleanUp.defer(forgetNewPivotCgroups());
    const namespace = this.#cleanUp.use(await NetworkNamespace.create());
    const daemon = this.#spawnDaemon(namespace);
    this.#daemon = daemon;
    this.#cleanUp.defer(() => this.#end(daemon, namespace));
    this.#cleanUp.defer(() => this.#api.close());
    await this.#run(['lxd', 'waitready', '--timeout', String(startTimeoutSeconds)]);
    await this.#run(['lxd', 'init', '--preseed'], { input: preseed(pool) });
    for (const [image, archive] of images) await this.command('image', 'import', archive, '--alias', image);
  }

  /** Detached: an interrupt from the terminal is for this program, which ends the daemon in order. */
  #spawnDaemon(namespace: NetworkNamespace): ChildProcess {
    const script = join(import.meta.dirname, 'lxd-daemon.sh');
    const output = openSync(join(this.#directory, 'lxd.out'), 'a');
    const [program = '', ...args] = namespace.enter([
      ...['unshare', '--mount', '--propagation', 'private'],
      ...['sh', script, join(this.#directory, 'lxd'), '--group', 'root'],
    ]);
    const daemon = spawn(program, args, { stdio: ['ignore', output, output], detached: true });
    closeSync(output);
    return daemon;
  }

  /** In order when it still answers; what is left then is killed. */
  async #end(daemon: ChildProcess, namespace: NetworkNamespace): Promise<void> {
    const listed = await run(['lxc', 'list', '--format', 'csv', '--columns', 'n'], this.#withEnvironment());
    const instances = listed.stdout.split('\n').filter((name) => name !== '');
    if (instances.length > 0) await run(['lxc', 'delete', '--force', ...instances], this.#withEnvironment());
    await run(['lxd', 'shutdown', '--timeout', String(shutdownTimeoutSeconds)], this.#withEnvironment());
    if (daemon.exitCode === null && daemon.signalCode === null) {
      const exited = once(daemon, 'exit');
      daemon.kill('SIGKILL');
      await exited;
    }
    await eventually(async () => {
      const left = await processesIn(namespace);
      for (const pid of left) killFamily(pid);
      if (left.length > 0) throw new Error(`Processes of LXD do not end: ${left.join(', ')}`);
    });
  }

  async #run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    return (await runChecked(run, argv, { ...this.#withEnvironment(), ...options })).stdout;
  }

  #withEnvironment(): RunOptions {
    return { maxOutputBytes, env: { LXD_DIR: join(this.#directory, 'lxd'), HOME: this.#directory } };
  }
}

/** What removes the cgroups that LXD makes at the top and forgets, unless somebody else's LXD has made them before. */
function forgetNewPivotCgroups(): () => void {
  const find = () => globSync(['/sys/fs/cgroup/lxc.pivot', '/sys/fs/cgroup/*/lxc.pivot']);
  const known = new Set(find());
  return () => {
    for (const directory of find()) if (!known.has(directory)) rmdirSync(directory);
  };
}

async function processesIn(namespace: NetworkNamespace): Promise<number[]> {
  const { stdout } = await runChecked(run, ['ip', 'netns', 'pids', namespace.name]);
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** A monitor of LXD and the init below it, which lives in namespaces of its own. */
function killFamily(pid: number): void {
  const children = `/proc/${pid}/task/${pid}/children`;
  const pids = existsSync(children) ? readFileSync(children, 'utf8').split(' ').filter(Boolean).map(Number) : [];
  for (const each of [...pids, pid]) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

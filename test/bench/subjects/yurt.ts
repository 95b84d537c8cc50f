import { readdirSync, readFileSync } from 'node:fs';
import type { Operation__Output } from '../../../proto/gen/yurt/v1/Operation.ts';
import { Api } from '../../e2e/harness/api.ts';
import { Daemon } from '../../e2e/harness/daemon.ts';
import { parentOf, processMemory } from './process-memory.ts';
import type { BenchImage, Subject } from './subject.ts';

type Operation = Operation__Output | null | undefined;

/** This checkout's yurt: its daemon with a directory and a network namespace of its own. */
export class Yurt implements Subject {
  readonly name = 'yurt';
  readonly #daemon: Daemon;
  readonly #api: Api;
  readonly #signal: AbortSignal;
  readonly #agents = new Set<string>();

  private constructor(daemon: Daemon, signal: AbortSignal) {
    this.#daemon = daemon;
    this.#api = new Api(daemon);
    this.#signal = signal;
  }

  /** Starts one on a copy of `template`, a state with images. */
  static async start(template: string, signal: AbortSignal): Promise<Yurt> {
    return new Yurt(await Daemon.start(template), signal);
  }

  async command(...args: string[]): Promise<string> {
    const result = await this.#daemon.yurt(args, { signal: this.#signal });
    if (result.exitCode !== 0)
      throw new Error(`yurt ${args.join(' ')} ended with ${result.exitCode}: ${result.stderr}`);
    return result.stdout;
  }

  async launch(image: BenchImage, instance: string): Promise<void> {
    await this.command('launch', image, instance, '--quiet');
  }

  async execute(instance: string, argv: readonly string[]): Promise<void> {
    const { code } = await this.#api.run({ instance, command: [...argv] });
    if (code !== 0) throw new Error(`${argv.join(' ')} in ${instance} ended with ${code}`);
  }

  async snapshot(instance: string, snapshot: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<Operation>();
    this.#api.snapshots.CreateSnapshot({ instance, name: snapshot }, (error, answer) => {
      if (error) reject(error);
      else resolve(answer?.operation);
    });
    await this.#api.succeeded(await promise);
  }

  async copy(source: string, name: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<Operation>();
    this.#api.instances.CopyInstance({ source, name, instanceOnly: true }, (error, answer) => {
      if (error) reject(error);
      else resolve(answer?.operation);
    });
    await this.#api.succeeded(await promise);
  }

  async daemonMemory(): Promise<number> {
    return processMemory(this.#daemon.pid);
  }

  /** conmon, the parent of the instance's init, and the agent while it lives. */
  async instanceMemory(instance: string): Promise<number> {
    const [info] = JSON.parse(await this.command('list', instance, '--format', 'json'));
    const agents = processesInCgroup(`${info.uuid}.agent`);
    if (agents.length > 0) this.#agents.add(instance);
    else this.#agents.delete(instance);
    return [parentOf(info.state.pid), ...agents].reduce((sum, pid) => sum + processMemory(pid), 0);
  }

  hasAgent(instance: string): boolean {
    return this.#agents.has(instance);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#api[Symbol.dispose]();
    await this.#daemon[Symbol.asyncDispose]();
  }
}

function processesInCgroup(name: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`/${name}`);
      } catch {
        return false; // it has ended meanwhile
      }
    })
    .map(Number);
}

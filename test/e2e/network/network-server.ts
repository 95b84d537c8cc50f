import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { NetworkNamespace } from '../harness/network-namespace.ts';
import type { ServerOptions, ServerRequest } from './server-process.ts';

interface Answer {
  readonly result?: unknown;
  readonly error?: string;
  readonly tookMs?: number;
}

/** A running `server-process.ts` in a network namespace. */
export class NetworkServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;
  /** Milliseconds that the last request took inside the process. */
  tookMs = 0;

  constructor(namespace: NetworkNamespace, options: ServerOptions) {
    const script = join(import.meta.dirname, 'server-process.ts');
    const [program = '', ...args] = namespace.enter([process.execPath, script, JSON.stringify(options)]);
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin?.on('error', () => {}); // a killed one no longer reads: its missing answer tells
    if (this.#child.stdout === null) throw new Error('no standard output');
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** Throws what the driver threw, or `killed` when the process was. */
  async ask(request: ServerRequest): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const line = await this.#answers.next();
    if (line.done === true) throw new Error('killed');
    const answer = JSON.parse(line.value) as Answer; // written by server-process.ts
    if (answer.error !== undefined) throw new Error(answer.error);
    this.tookMs = answer.tookMs ?? 0;
    return answer.result;
  }

  /** Kills it without a chance to clean up. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#lines.close();
  }
}

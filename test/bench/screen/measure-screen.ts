import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { spawn as spawnPty } from 'node-pty';
import { projectRoot } from '../../e2e/harness/daemon.ts';
import { eventually } from '../../e2e/harness/eventually.ts';
import { Screen } from '../../e2e/harness/screen.ts';

const arrivalMs = 60_000;

export interface ScreenFigures {
  /** From a key to the frame that answers it, sorted. */
  readonly keyMs: readonly number[];
  readonly residentMiB: number;
}

/** A simulated server with this many instances, in a process of its own: what it does costs the screen nothing. */
export class SimulatedServer implements AsyncDisposable {
  readonly socket: string;
  readonly #process: ChildProcess;

  private constructor(socket: string, child: ChildProcess) {
    this.socket = socket;
    this.#process = child;
  }

  static async start(instances: number): Promise<SimulatedServer> {
    const script = new URL('simulated-server.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, String(instances)], {
      ...{ cwd: projectRoot, stdio: ['pipe', 'pipe', 'inherit'] },
    });
    if (child.stdout === null) throw new Error('The simulated server has no output');
    for await (const socket of createInterface({ input: child.stdout })) return new SimulatedServer(socket, child);
    throw new Error('The simulated server did not start');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await exited;
  }
}

/** Milliseconds from the start of `yurt` in a pseudo terminal to a frame with instances. */
export async function firstFrameMs(socket: string): Promise<number> {
  return await inTerminal([join(projectRoot, 'bin/yurt')], { YURT_SOCKET: socket }, 'instance-0000', 'q');
}

/** Milliseconds from the start of Node in a pseudo terminal to a word of its program: what nothing of ours can be below. */
export async function bareStartMs(): Promise<number> {
  return await inTerminal([process.execPath, '-e', 'console.log("started")'], {}, 'started', '');
}

async function inTerminal(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  wanted: string,
  leaveKeys: string,
): Promise<number> {
  const started = performance.now();
  const pty = spawnPty(program, args, {
    ...{ cols: 80, rows: 24, cwd: projectRoot },
    env: { ...process.env, TERM: 'xterm-256color', CI: '', ...env },
  });
  const ended = new Promise<void>((resolve) => pty.onExit(() => resolve()));
  const arrived = Promise.withResolvers<number>();
  const timer = setTimeout(() => arrived.reject(new Error(`Waited in vain for "${wanted}"`)), arrivalMs);
  let output = '';
  pty.onData((data) => {
    output += data;
    if (output.includes(wanted)) arrived.resolve(performance.now() - started);
  });
  try {
    return await arrived.promise;
  } finally {
    clearTimeout(timer);
    pty.write(leaveKeys);
    await ended;
  }
}

/** Opens the screen on a server, and moves the cursor about for a while. */
export async function measureScreen(
  socket: string,
  size: { columns: number; rows: number },
  keys: number,
): Promise<ScreenFigures> {
  await using screen = new Screen({ YURT_SOCKET: socket }, size);
  const cursor = () => /▸ (\S+)/.exec(screen.text)?.[1];
  await screen.arrival(() => cursor() === 'instance-0000');
  const keyMs: number[] = [];
  for (let count = 0; count < keys; count += 1) {
    const [key, spacing] = count % 10 === 9 ? ['\x1b[6~', 0] : ['j', count % 7];
    await new Promise((resolve) => setTimeout(resolve, 20 + spacing * 10));
    const before = cursor();
    const pressed = performance.now();
    screen.type(key);
    keyMs.push((await screen.arrival(() => cursor() !== before)) - pressed);
  }
  const status = readFileSync(`/proc/${await screen.program()}/status`, 'utf8');
  const residentMiB = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  screen.type('q');
  await eventually(() => screen.ended());
  return { keyMs: keyMs.sort((a, b) => a - b), residentMiB };
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import headless from '@xterm/headless';
import { type IPty, spawn } from 'node-pty';
import { projectRoot, type Within } from './daemon.ts';
import { eventually } from './eventually.ts';

const arrivalMs = 30_000;

export interface Ended {
  readonly code: string;
  /** What `stty -g` said before and after. */
  readonly before: string;
  readonly after: string;
}

/** `yurt` in a pseudo terminal, and what somebody in front of it would see. */
export class Screen implements AsyncDisposable {
  readonly #pty: IPty;
  readonly #terminal;
  /** Where `yurt` runs. */
  readonly directory = mkdtempSync(join(tmpdir(), 'yurt-screen-'));
  #over = false;
  /** All that was written, as it came. */
  output = '';

  /** Runs `yurt` in a shell that notes the terminal's modes before and after it. */
  constructor(
    env: Readonly<Record<string, string>>,
    size: { columns: number; rows: number },
    within: Within = (argv) => argv,
  ) {
    const { columns: cols, rows } = size;
    this.#terminal = new headless.Terminal({ cols, rows, allowProposedApi: true });
    const script = 'stty -g > "$1/before"; "$2/bin/yurt"; echo $? > "$1/code"; stty -g > "$1/after"';
    const [program = '', ...args] = within(['/bin/sh', '-c', script, 'sh', this.directory, projectRoot]);
    this.#pty = spawn(program, args, {
      ...{ cols, rows, cwd: this.directory },
      env: { ...process.env, TERM: 'xterm-256color', CI: '', ...env },
    });
    this.#pty.onData((data) => {
      this.output += data;
      this.#terminal.write(data);
    });
    this.#pty.onExit(() => {
      this.#over = true;
    });
  }

  type(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** The rows as they are now. */
  get text(): string {
    const { active } = this.#terminal.buffer;
    const rowAt = (index: number) => active.getLine(active.viewportY + index)?.translateToString(true) ?? '';
    return Array.from({ length: this.#terminal.rows }, (_, index) => rowAt(index)).join('\n');
  }

  /** Whether a full-screen program has the terminal: `alternate`, or `normal`. */
  get buffer(): string {
    return this.#terminal.buffer.active.type;
  }

  get modes() {
    return this.#terminal.modes;
  }

  /** Waits until the screen shows this. */
  async shows(wanted: RegExp, timeoutMs?: number): Promise<void> {
    await eventually(() => {
      if (!wanted.test(this.text)) throw new Error(`${wanted} is not on the screen:\n${this.text}`);
    }, timeoutMs);
  }

  /** When that came after which the screen was so; as `performance.now()`. */
  async arrival(holds: () => boolean): Promise<number> {
    const seen = Promise.withResolvers<number>();
    const listener = this.#pty.onData(() => {
      const now = performance.now();
      // Called when all that was written before is on the screen.
      this.#terminal.write('', () => {
        if (holds()) seen.resolve(now);
      });
    });
    const timer = setTimeout(() => seen.reject(new Error(`Waited in vain:\n${this.text}`)), arrivalMs);
    try {
      return await seen.promise;
    } finally {
      clearTimeout(timer);
      listener.dispose();
    }
  }

  async showsNot(wanted: RegExp): Promise<void> {
    await eventually(() => {
      if (wanted.test(this.text)) throw new Error(`${wanted} is still on the screen:\n${this.text}`);
    });
  }

  /** The pid of the program that has the screen. */
  async program(): Promise<number> {
    const path = `/proc/${this.#pty.pid}/task/${this.#pty.pid}/children`;
    return await eventually(() => {
      const pid = Number(readFileSync(path, 'utf8').trim().split(' ')[0]);
      if (!(pid > 0)) throw new Error('yurt does not run');
      return pid;
    });
  }

  async ended(): Promise<Ended> {
    const read = (name: string) => readFileSync(join(this.directory, name), 'utf8').trim();
    return await eventually(() => {
      if (!this.#over) throw new Error(`yurt still runs:\n${this.text}`);
      return { code: read('code'), before: read('before'), after: read('after') };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) this.#pty.kill('SIGKILL');
    this.#terminal.dispose();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

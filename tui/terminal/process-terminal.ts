import { fstatSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { isatty, ReadStream, WriteStream } from 'node:tty';
import { OutputClosed, type Terminal, type TerminalInput, type TerminalOutput } from './terminal.ts';

/** The terminal of this process. */
export class ProcessTerminal implements Terminal {
  readonly input: TerminalInput = new ProcessInput();
  readonly output: TerminalOutput = new ProcessOutput(1);
  readonly error: TerminalOutput = new ProcessOutput(2);

  /** One listener of the process for each signal: many operations may wait side by side. */
  readonly #handlers = new Map<NodeJS.Signals, Set<() => void>>();

  onSignal(signal: NodeJS.Signals, handler: () => void): () => void {
    let handlers = this.#handlers.get(signal);
    if (handlers === undefined) {
      handlers = new Set();
      this.#handlers.set(signal, handlers);
    }
    const all = handlers;
    if (all.size === 0) process.on(signal, this.#onSignal);
    all.add(handler);
    return () => {
      all.delete(handler);
      if (all.size === 0) process.off(signal, this.#onSignal);
    };
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    for (const handler of [...(this.#handlers.get(signal) ?? [])]) handler();
  };

  onExit(handler: () => void): () => void {
    process.on('exit', handler);
    return () => process.off('exit', handler);
  }
}

class ProcessInput implements TerminalInput {
  readonly kind = kindOf(0);

  get isTty(): boolean {
    return this.kind === 'tty';
  }

  /** Whoever reads a list line by line and starts `yurt` for each (`while read`) leaves the file in its middle. */
  get atStart(): boolean {
    const position = /^pos:\s*(\d+)/m.exec(readFileSync('/proc/self/fdinfo/0', 'latin1'))?.[1];
    return position === '0';
  }

  stream(): Readable {
    return process.stdin;
  }

  setRaw(raw: boolean): void {
    if (!(process.stdin instanceof ReadStream)) return;
    process.stdin.setRawMode(raw);
    if (!raw) return;
    // Node's raw mode goes on turning a line feed into carriage return and line feed, which full-screen programs take
    // for what it says. Leaving raw mode brings back all settings.
    // Loaded here, since most commands never need it.
    const { spawnSync } = process.getBuiltinModule('node:child_process');
    spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
  }
}

/**
 * stdout or stderr. Pipes are written to without blocking, unlike through `process.stdout`: a reader that is slow with
 * one of them must not hold up the other, nor signals. Node gives the pipe its flags back at exit.
 */
class ProcessOutput implements TerminalOutput {
  readonly #fd: 1 | 2;
  readonly isTty: boolean;
  readonly #kind: TerminalInput['kind'];
  #opened: Writable | undefined;
  #failure: Error | undefined;

  constructor(fd: 1 | 2) {
    this.#fd = fd;
    this.#kind = kindOf(fd);
    this.isTty = this.#kind === 'tty';
  }

  async write(data: string | Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const stream = this.#stream();
    await new Promise<void>((resolve, reject) => {
      stream.write(data, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(this.#fail(error));
      });
    });
  }

  size(): { columns: number; rows: number } | undefined {
    const stream = this.#stream();
    if (!(stream instanceof WriteStream)) return undefined;
    const [columns, rows] = stream.getWindowSize();
    // A serial line and a terminal that nobody has sized say 0: they have no size to tell.
    return columns > 0 && rows > 0 ? { columns, rows } : undefined;
  }

  #stream(): Writable {
    if (this.#opened === undefined) {
      this.#opened =
        this.#kind === 'pipe'
          ? new Socket({ fd: this.#fd, readable: false, writable: true })
          : this.#fd === 1
            ? process.stdout
            : process.stderr;
      this.#opened.on('error', (error) => this.#fail(error));
    }
    return this.#opened;
  }

  #fail(error: NodeJS.ErrnoException): Error {
    const gone = error.code === 'EPIPE' || error.code === 'EIO' || error.code === 'ECONNRESET';
    this.#failure ??= gone ? new OutputClosed('Nobody reads the output', { cause: error }) : error;
    return this.#failure;
  }
}

function kindOf(fd: number): TerminalInput['kind'] {
  try {
    const stat = fstatSync(fd);
    if (stat.isFIFO() || stat.isSocket()) return 'pipe';
    if (stat.isFile()) return 'file';
    return stat.isCharacterDevice() && isatty(fd) ? 'tty' : 'other';
  } catch {
    // A descriptor that was closed: there is nothing to read or to write.
    return 'other';
  }
}

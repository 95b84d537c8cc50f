import { Readable } from 'node:stream';
import { runProgram } from '../program.ts';
import { OutputClosed, type Terminal, type TerminalInput, type TerminalOutput } from '../terminal/terminal.ts';

export interface FakeTerminalOptions {
  /** What is on stdin; undefined is a stdin without anything, as /dev/null. */
  readonly stdin?: string | Readable;
  readonly stdinKind?: TerminalInput['kind'];
  /** Of a file: whether it was read of before. */
  readonly stdinStarted?: boolean;
  readonly tty?: boolean;
  readonly columns?: number;
}

/** A terminal in memory. */
export class FakeTerminal implements Terminal {
  readonly input: TerminalInput;
  readonly output: FakeOutput;
  readonly error: FakeOutput;
  readonly rawStates: boolean[] = [];
  readonly #handlers = new Map<string, Set<() => void>>();

  constructor(options: FakeTerminalOptions = {}) {
    const { stdin = '', tty = false, columns = 80 } = options;
    const stream = typeof stdin === 'string' ? Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]) : stdin;
    this.input = {
      isTty: tty,
      kind: tty ? 'tty' : (options.stdinKind ?? (options.stdin === undefined ? 'other' : 'pipe')),
      atStart: options.stdinStarted !== true,
      stream: () => stream,
      setRaw: (raw) => void this.rawStates.push(raw),
    };
    this.output = new FakeOutput(tty, columns);
    this.error = new FakeOutput(tty, columns);
  }

  onSignal(signal: NodeJS.Signals, handler: () => void): () => void {
    const handlers = this.#handlers.get(signal) ?? new Set();
    this.#handlers.set(signal, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  onExit(): () => void {
    return () => {};
  }

  raise(signal: NodeJS.Signals): void {
    for (const handler of this.#handlers.get(signal) ?? []) handler();
  }

  listensTo(signal: NodeJS.Signals): boolean {
    return (this.#handlers.get(signal)?.size ?? 0) > 0;
  }
}

export class FakeOutput implements TerminalOutput {
  readonly isTty: boolean;
  readonly #columns: number;
  readonly chunks: Buffer[] = [];
  /** Writes wait while this is set. */
  blocked: Promise<void> | undefined;
  closed = false;

  constructor(isTty: boolean, columns: number) {
    this.isTty = isTty;
    this.#columns = columns;
  }

  async write(data: string | Uint8Array): Promise<void> {
    if (this.closed) throw new OutputClosed('Nobody reads');
    await this.blocked;
    this.chunks.push(Buffer.from(data));
  }

  size(): { columns: number; rows: number } | undefined {
    return this.isTty ? { columns: this.#columns, rows: 24 } : undefined;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }
}

/** Runs a command line in this process against the server at `socket`. */
export async function runInProcess(
  socket: string,
  argv: readonly string[],
  options: FakeTerminalOptions & { readonly terminal?: FakeTerminal; readonly env?: Record<string, string> } = {},
): Promise<{ code: number; stdout: string; stderr: string; terminal: FakeTerminal }> {
  const terminal = options.terminal ?? new FakeTerminal(options);
  const code = await runProgram(argv, { YURT_SOCKET: socket, ...options.env }, terminal);
  return { code, stdout: terminal.output.text, stderr: terminal.error.text, terminal };
}

import type { ExecRequest } from '../../proto/gen/yurt/v1/ExecRequest.ts';
import type { ExecResponse__Output } from '../../proto/gen/yurt/v1/ExecResponse.ts';
import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { OutputChannel } from './output-channel.ts';
import { rawMode } from './raw-mode.ts';
import { forwardSignals } from './signals.ts';
import { StdinWindow } from './stdin-window.ts';

export interface ExecOptions {
  readonly instance: string;
  readonly project: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly user: number;
  readonly group: number;
  readonly cwd: string;
  /** A pseudo terminal for the command. */
  readonly interactive: boolean;
  /** Whether the command gets this process' stdin, or an empty one. */
  readonly withStdin: boolean;
  /** Whether to run at once, even while the system boots. */
  readonly duringBoot?: boolean;
}

export interface ExecEnd {
  /** 0-255. */
  readonly code: number;
  /** For 126 and 127, why; empty when the command itself ended with that code. */
  readonly message: string;
}

/** Bytes of stdin in one message. */
const stdinChunkBytes = 64 * 1024;

/** What a process that SIGHUP ends exits with. */
const hangUpExitCode = 129;

/** Runs one command with this process' streams and signals; resolves when all its output is written. */
export async function runCommand(connection: Connection, terminal: Terminal, options: ExecOptions): Promise<ExecEnd> {
  const session = new ExecSession(connection, terminal, options);
  using _raw = options.interactive && terminal.input.isTty ? rawMode(terminal) : undefined;
  try {
    return await session.run();
  } finally {
    session.close();
  }
}

class ExecSession {
  readonly #terminal: Terminal;
  readonly #options: ExecOptions;
  readonly #call;
  readonly #stdout: OutputChannel;
  readonly #stderr: OutputChannel;
  readonly #stdin = new StdinWindow();
  readonly #end = Promise.withResolvers<ExecEnd>();
  readonly #cleanUp: (() => void)[] = [];
  #open = true;

  constructor(connection: Connection, terminal: Terminal, options: ExecOptions) {
    this.#terminal = terminal;
    this.#options = options;
    this.#call = connection.duplex('ExecService', 'Exec');
    const fail = (error: unknown) => this.#end.reject(error);
    this.#stdout = new OutputChannel(
      terminal.output,
      (bytes) => this.#send({ window: { channel: 'EXEC_CHANNEL_STDOUT', bytes } }),
      fail,
    );
    this.#stderr = new OutputChannel(
      terminal.error,
      (bytes) => this.#send({ window: { channel: 'EXEC_CHANNEL_STDERR', bytes } }),
      fail,
    );
  }

  async run(): Promise<ExecEnd> {
    const { instance, project, command, environment, user, group, cwd, interactive } = this.#options;
    const size = interactive ? this.#terminal.output.size() : undefined;
    this.#send({
      start: {
        ...{ instance, project, environment, user, group, cwd },
        command: [...command],
        terminal: interactive,
        ...(size === undefined ? {} : { size }),
        windowed: true,
        afterBoot: this.#options.duringBoot !== true,
      },
    });
    this.#stdout.open();
    this.#stderr.open();
    this.#cleanUp.push(forwardSignals(this.#terminal, (number) => this.#send({ signal: { number } })));
    if (interactive) this.#followTerminal();
    this.#receiveAll().catch(this.#end.reject);
    const end = await this.#end.promise;
    await Promise.all([this.#stdout.drained(), this.#stderr.drained()]);
    return end;
  }

  close(): void {
    this.#open = false;
    for (const undo of this.#cleanUp) undo();
    this.#call.cancel();
  }

  /** Terminals change size, and go away. */
  #followTerminal(): void {
    const resize = () => {
      const size = this.#terminal.output.size();
      if (size !== undefined) this.#send({ resize: size });
    };
    this.#cleanUp.push(
      this.#terminal.onSignal('SIGWINCH', resize),
      this.#terminal.onSignal('SIGHUP', () => this.#end.reject(new Failure('', { exitCode: hangUpExitCode }))),
    );
  }

  async #receiveAll(): Promise<void> {
    for await (const response of this.#call.messages) this.#receive(response);
    throw new Failure('The server ended the command without its exit code');
  }

  /** Never waits: each channel holds at most what the server has credit for. */
  #receive(response: ExecResponse__Output): void {
    if (response.message === 'stdout') this.#stdout.accept(response.stdout ?? Buffer.alloc(0));
    else if (response.message === 'stderr') this.#stderr.accept(response.stderr ?? Buffer.alloc(0));
    else if (response.message === 'stdinWindow') this.#stdin.grant(response.stdinWindow ?? 0);
    else if (response.message === 'started') void this.#pumpStdin();
    else if (response.message === 'exit') {
      const { code = 1, message = '' } = response.exit ?? {};
      this.#end.resolve({ code, message });
    }
  }

  /** From when the command runs: one that does not exist must not swallow what is meant for the next. */
  async #pumpStdin(): Promise<void> {
    if (this.#options.withStdin) {
      try {
        for await (const chunk of this.#terminal.input.stream()) {
          let rest = chunk as Buffer; // a stream without encoding yields bytes
          while (rest.length > 0) {
            const size = await this.#stdin.take(Math.min(rest.length, stdinChunkBytes));
            if (!this.#send({ stdin: rest.subarray(0, size) })) await this.#call.drained();
            rest = rest.subarray(size);
          }
        }
      } catch {
        // A terminal that is gone cannot be read: for the command that is the end of its input.
      }
    }
    this.#send({ closeStdin: {} });
  }

  /** False when the call's own buffer is full. */
  #send(message: ExecRequest): boolean {
    return !this.#open || this.#call.send(message);
  }
}

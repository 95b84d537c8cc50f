import type { AttachConsoleRequest } from '../../proto/gen/yurt/v1/AttachConsoleRequest.ts';
import type { Connection } from '../client/connection.ts';
import type { Context } from '../commands/command.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { DetachKeys } from './detach-keys.ts';
import { rawMode } from './raw-mode.ts';

export interface ConsoleOptions {
  readonly instance: string;
  /** Ends the session of whoever is attached. */
  readonly force: boolean;
}

/** Signals that leave the console, with the exit code that stands for each. */
const leavingSignals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Attaches to the console until ctrl+a q, a signal, or the console's own end. Resolves to the exit code. */
export async function attachConsole(context: Context, options: ConsoleOptions): Promise<number> {
  const { terminal, global } = context;
  const connection = await context.connect();
  if (terminal.input.isTty) await terminal.error.write('To detach from the console, press: <ctrl>+a q\n');
  using _raw = terminal.input.isTty ? rawMode(terminal) : undefined;
  const session = new ConsoleSession(connection, terminal);
  try {
    return await session.run({ ...options, project: global.project });
  } finally {
    session.close();
    if (terminal.input.isTty) await terminal.output.write('\r\n');
  }
}

class ConsoleSession {
  readonly #connection: Connection;
  readonly #terminal: Terminal;
  readonly #stream;
  readonly #left = Promise.withResolvers<number>();
  readonly #cleanUp: (() => void)[] = [];
  #open = true;

  constructor(connection: Connection, terminal: Terminal) {
    this.#connection = connection;
    this.#terminal = terminal;
    this.#stream = connection.duplex('ConsoleService', 'AttachConsole');
  }

  async run(start: ConsoleOptions & { project: string }): Promise<number> {
    const size = this.#terminal.output.size();
    this.#send({ start: { ...start, ...(size === undefined ? {} : { size }) } });
    for (const [signal, code] of Object.entries(leavingSignals)) {
      // The keys of a record of signals are signals.
      this.#cleanUp.push(this.#terminal.onSignal(signal as NodeJS.Signals, () => this.#left.resolve(code)));
    }
    this.#cleanUp.push(
      this.#terminal.onSignal('SIGWINCH', () => {
        const resize = this.#terminal.output.size();
        if (resize !== undefined) this.#send({ resize });
      }),
    );
    void this.#pumpKeys();
    return await Promise.race([this.#left.promise, this.#pumpOutput()]);
  }

  close(): void {
    this.#open = false;
    for (const undo of this.#cleanUp) undo();
    this.#stream.on('error', () => {});
    this.#stream.cancel();
  }

  /** Reads no faster than what is read is written: the server's flow control holds the rest. */
  async #pumpOutput(): Promise<number> {
    try {
      for await (const { output } of this.#stream) await this.#terminal.output.write(output);
      return 0;
    } catch (error) {
      if (!this.#open) return 0;
      throw await this.#connection.explain(error);
    }
  }

  async #pumpKeys(): Promise<void> {
    const keys = new DetachKeys();
    try {
      for await (const chunk of this.#terminal.input.stream()) {
        const { pass, detach } = keys.scan(chunk as Buffer); // a stream without encoding yields bytes
        const room = pass.length === 0 || this.#send({ input: pass });
        if (detach) return this.#left.resolve(0);
        if (!room) await new Promise<void>((resolve) => this.#stream.once('drain', resolve));
      }
    } catch {
      // A terminal that is gone cannot be read; its signal ends the session.
    }
  }

  #send(message: AttachConsoleRequest): boolean {
    return !this.#open || this.#stream.write(message);
  }
}

import type { ExecStarted__Output } from '../../proto/gen/yurt/v1/ExecStarted.ts';
import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import { byteSize } from '../output/units.ts';
import { localRemote } from '../settings/settings.ts';
import { CommandStreams, type ExecEnd } from './command-streams.ts';
import { DetachKeys } from './detach-keys.ts';
import { rawMode } from './raw-mode.ts';

export interface AttachOptions {
  readonly session: string;
  /** Whether the session gets this process' stdin, or keeps its own open. */
  readonly withStdin: boolean;
}

/** Signals that leave the session, with the exit code that stands for each. */
const leavingSignals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Takes up a session until it ends, or until it is left: by ctrl+a q, a signal, or a lost connection. */
export async function attachSession(context: Context, options: AttachOptions): Promise<ExecEnd> {
  const { terminal, global } = context;
  const connection = await context.connect();
  const call = connection.duplex('SessionService', 'AttachSession');
  call.send({ start: { session: options.session, project: global.project, windowed: true } });
  using attached = new AttachedTerminal(context, options);
  const streams = new CommandStreams(terminal, call, {
    started: (started) => attached.begin(streams, started),
    typed: (bytes) => attached.typed(bytes),
    detached: () => attached.leave(streams, 0),
  });
  try {
    for (const [signal, code] of Object.entries(leavingSignals)) {
      // The keys of a record of signals are signals.
      streams.undoAtEnd(terminal.onSignal(signal as NodeJS.Signals, () => attached.leave(streams, code)));
    }
    return await streams.run();
  } catch (error) {
    if (!Failure.is(error, 'unavailable') || !attached.begun) throw error;
    const { message } = error as Failure; // as `is` has found
    throw new Failure(`${message}. ${hintOf(context, options)}`, { cause: error });
  } finally {
    streams.close();
    attached[Symbol.dispose]();
    await attached.farewell();
  }
}

/** How to come back. */
function hintOf({ global: { remote } }: Context, { session }: AttachOptions): string {
  const name = remote === localRemote ? session : `${remote}:${session}`;
  return `"yurt attach ${name}" takes the session up again`;
}

/** The terminal of this process, while a session has it. */
class AttachedTerminal implements Disposable {
  readonly #context: Context;
  readonly #options: AttachOptions;
  readonly #keys = new DetachKeys();
  #raw: Disposable | undefined;
  #left = false;
  begun = false;

  constructor(context: Context, options: AttachOptions) {
    this.#context = context;
    this.#options = options;
  }

  begin(streams: CommandStreams, { terminal: hasTerminal, stdoutFrom, stderrFrom }: ExecStarted__Output): void {
    const { terminal } = this.#context;
    this.begun = true;
    const missed = stdoutFrom + stderrFrom;
    if (missed > 0) this.#tell(`${byteSize(missed)} of earlier output are not kept any more`);
    if (hasTerminal && terminal.input.isTty) {
      this.#tell('To detach from the session, press: <ctrl>+a q');
      this.#raw = rawMode(terminal);
    }
    if (hasTerminal) {
      streams.followSize();
      streams.sendSize();
    }
    if (this.#options.withStdin) void streams.pumpStdin();
  }

  /** What of typed bytes is for the session. */
  typed(bytes: Buffer): { readonly pass: Buffer; readonly detach: boolean } {
    return this.#raw === undefined ? { pass: bytes, detach: false } : this.#keys.scan(bytes);
  }

  leave(streams: CommandStreams, code: number): void {
    this.#left = true;
    streams.leave(code);
  }

  /** Says that the session goes on, once the terminal is as it was. */
  async farewell(): Promise<void> {
    if (!this.#left || this.#context.global.quiet) return;
    const line = `Detached: ${hintOf(this.#context, this.#options)}\n`;
    await this.#context.terminal.error.write(line).catch(() => {});
  }

  [Symbol.dispose](): void {
    this.#raw?.[Symbol.dispose]();
    if (this.#raw !== undefined && this.#left) void this.#context.terminal.output.write('\r\n').catch(() => {});
    this.#raw = undefined;
  }

  #tell(line: string): void {
    if (!this.#context.global.quiet) void this.#context.terminal.error.write(`${line}\n`).catch(() => {});
  }
}

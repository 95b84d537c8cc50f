import type { ExecStart } from '../../proto/gen/yurt/v1/ExecStart.ts';
import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { CommandStreams, type ExecEnd } from './command-streams.ts';
import { rawMode } from './raw-mode.ts';
import { forwardSignals } from './signals.ts';

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

/** What a process that SIGHUP ends exits with. */
const hangUpExitCode = 129;

/** Runs one command with this process' streams and signals; resolves when all its output is written. */
export async function runCommand(connection: Connection, terminal: Terminal, options: ExecOptions): Promise<ExecEnd> {
  const { interactive, withStdin } = options;
  const call = connection.duplex('ExecService', 'Exec');
  call.send({ start: { ...startOf(terminal, options), windowed: true } });
  const streams = new CommandStreams(terminal, call, {
    // Not before the command runs: one that does not exist must not swallow what is meant for the next.
    started: () => {
      if (withStdin) void streams.pumpStdin();
      else streams.closeStdin();
    },
  });
  using _raw = interactive && terminal.input.isTty ? rawMode(terminal) : undefined;
  try {
    streams.undoAtEnd(forwardSignals(terminal, (number) => streams.send({ signal: { number } })));
    if (interactive) {
      streams.followSize();
      // Terminals go away.
      const gone = () => streams.leave(new Failure('', { exitCode: hangUpExitCode }));
      streams.undoAtEnd(terminal.onSignal('SIGHUP', gone));
    }
    return await streams.run();
  } finally {
    streams.close();
  }
}

export interface Detached {
  /** The name of the session; empty when the command could not be executed: then `end` says why. */
  readonly session: string;
  readonly end: ExecEnd | undefined;
}

/** Starts one command as a session, which goes on when this process has ended. */
export async function startDetached(
  connection: Connection,
  terminal: Terminal,
  options: ExecOptions,
): Promise<Detached> {
  const call = connection.duplex('ExecService', 'Exec');
  call.send({ start: { ...startOf(terminal, options), detached: true, emptyStdin: !options.withStdin } });
  try {
    for await (const { started, exit } of call.messages) {
      if (started !== null && started !== undefined && started.session !== '')
        return { session: started.session, end: undefined };
      if (exit) return { session: '', end: exit };
    }
  } finally {
    call.end();
    call.cancel();
  }
  throw new Failure('The server did not say whether the command runs');
}

function startOf(terminal: Terminal, options: ExecOptions): ExecStart {
  const { instance, project, command, environment, user, group, cwd, interactive } = options;
  const size = interactive ? terminal.output.size() : undefined;
  return {
    ...{ instance, project, environment, user, group, cwd },
    command: [...command],
    terminal: interactive,
    ...(size === undefined ? {} : { size }),
    afterBoot: options.duringBoot !== true,
  };
}

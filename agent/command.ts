import { openPipe } from '../native/pipe.ts';
import type { ProcessEnd } from '../native/spawn.ts';
import type { Failure, StartRequest, Status, TerminalSize } from '../proto/agent/messages.ts';
import type { Children } from './children.ts';
import { Input } from './input.ts';
import { exitCodeOf, parseLaunchReport } from './launch-report.ts';
import { type Launcher, launchArguments } from './launcher.ts';
import { Output } from './output.ts';
import { closeAll, Reader } from './reader.ts';
import { openTerminal } from './terminal.ts';

export interface CommandEvents {
  /** False: the connection is full; `resumeOutput()` when it takes data again. The bytes are valid during the call. */
  output(channel: 'stdout' | 'stderr', bytes: Buffer): boolean;
  stdinWindow(bytes: number): void;
  /** With `failure` it is known not to be executable, and `ended` follows. */
  started(pid: number, failure?: Failure): void;
  /** After the last byte of all outputs. The last event, as is `failed`. */
  ended(status: Status): void;
  failed(failure: Failure): void;
}

/** One running command with its streams. */
export class Command {
  readonly #children: Children;
  readonly #launcher: Launcher;
  readonly #events: CommandEvents;
  readonly #outputs = new Map<'stdout' | 'stderr', Output>();
  #input: Input | undefined;
  #terminalFd: number | undefined;
  #pid = 0;
  /** What the launcher said; undefined until it said or became the command. */
  #launched: { readonly failure?: Failure } | undefined;
  #report = Buffer.alloc(0);
  #reportReader: Reader | undefined;
  #end: ProcessEnd | undefined;
  #closed = false;

  /** Throws what opening pipes and starting a process throw; nothing is left open then. */
  constructor(children: Children, launcher: Launcher, request: StartRequest, events: CommandEvents) {
    this.#children = children;
    this.#launcher = launcher;
    this.#events = events;
    if (request.terminal === undefined) this.#startOnPipes(request);
    else this.#startOnTerminal(request, request.terminal);
  }

  /** Throws a ProtocolError, as do `writeStdin`. Nothing for an output that this command does not have. */
  grant(channel: 'stdout' | 'stderr', bytes: number): void {
    this.#outputs.get(channel)?.grant(bytes);
  }

  resumeOutput(): void {
    for (const output of this.#outputs.values()) output.resume();
  }

  writeStdin(data: Buffer): void {
    this.#input?.write(data);
  }

  /** With a terminal there is no end of file: nothing more is typed, that is all. */
  closeStdin(): void {
    if (this.#terminalFd === undefined) this.#input?.end();
  }

  /** Takes effect after the input that came before it. */
  resize(size: TerminalSize): void {
    const fd = this.#terminalFd;
    if (fd === undefined) return;
    this.#input?.afterWrites(() => {
      // Once the output has ended the descriptor is closed, and its number may be another terminal's.
      if (this.#outputs.get('stdout')?.finished === false) this.#launcher.pty().resize(fd, size.columns, size.rows);
    });
  }

  signal(number: number): void {
    this.#children.signal(this.#pid, number);
  }

  /** Kills what still runs and closes everything; no event comes after it. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#end === undefined) this.#children.killSession(this.#pid);
    this.#reportReader?.close();
    for (const output of this.#outputs.values()) output.close();
    this.#input?.close();
  }

  #startOnPipes(request: StartRequest): void {
    const opened: number[] = [];
    const pipe = () => {
      const { readEnd, writeEnd } = openPipe();
      opened.push(readEnd, writeEnd);
      return { readEnd, writeEnd };
    };
    try {
      const [stdin, stdout, stderr, report] = [pipe(), pipe(), pipe(), pipe()];
      this.#launch(request, [stdin.readEnd, stdout.writeEnd, stderr.writeEnd], report.writeEnd);
      closeAll([stdin.readEnd, stdout.writeEnd, stderr.writeEnd, report.writeEnd]);
      this.#watchReport(report.readEnd);
      this.#addOutput('stdout', stdout.readEnd, 'pipe');
      this.#addOutput('stderr', stderr.readEnd, 'pipe');
      this.#input = Input.toPipe(stdin.writeEnd, (bytes) => this.#events.stdinWindow(bytes));
    } catch (error) {
      if (this.#pid === 0) closeAll(opened);
      throw error;
    }
  }

  #startOnTerminal(request: StartRequest, size: TerminalSize): void {
    const { master, slave } = openTerminal(this.#launcher.pty(), size, request.user);
    const opened = [master, slave];
    try {
      const report = openPipe();
      opened.push(report.readEnd, report.writeEnd);
      this.#launch(request, [slave, slave, slave], report.writeEnd);
      closeAll([slave, report.writeEnd]);
      this.#watchReport(report.readEnd);
      const { reader } = this.#addOutput('stdout', master, 'terminal');
      this.#terminalFd = master;
      this.#input = new Input(reader.socket, (bytes) => this.#events.stdinWindow(bytes));
    } catch (error) {
      if (this.#pid === 0) closeAll(opened);
      throw error;
    }
  }

  #launch(request: StartRequest, streams: readonly number[], report: number): void {
    this.#pid = this.#children.start(launchArguments(this.#launcher, request, streams, report), (end) => {
      this.#end = end;
      for (const output of this.#outputs.values()) output.commandEnded();
      this.#finishIfDone();
    });
  }

  #addOutput(channel: 'stdout' | 'stderr', fd: number, kind: 'pipe' | 'terminal'): Output {
    const output = new Output(fd, kind, {
      send: (bytes) => this.#events.output(channel, bytes),
      finished: () => this.#finishIfDone(),
    });
    this.#outputs.set(channel, output);
    return output;
  }

  /** End of file without a report: exec(2) closed the pipe, the command runs. */
  #watchReport(fd: number): void {
    this.#reportReader = new Reader(fd, 'pipe', {
      data: (bytes) => {
        this.#report = Buffer.concat([this.#report, bytes]);
        return true;
      },
      end: () => {
        this.#reportReader?.close();
        this.#onLaunched(parseLaunchReport(this.#report));
      },
    });
    this.#reportReader.resume();
  }

  #onLaunched(failure: Failure | undefined): void {
    this.#launched = failure === undefined ? {} : { failure };
    if (failure !== undefined && exitCodeOf(failure) === undefined) {
      this.close();
      this.#events.failed(failure);
      return;
    }
    this.#events.started(this.#pid, failure);
    if (this.#closed) return;
    if (failure === undefined) this.#input?.open();
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    const [end, launched] = [this.#end, this.#launched];
    if (this.#closed || end === undefined || launched === undefined) return;
    if ([...this.#outputs.values()].some((output) => !output.finished)) return;
    const { failure } = launched;
    this.close();
    if (failure !== undefined) this.#events.ended({ code: exitCodeOf(failure) ?? 0, failure });
    else this.#events.ended({ code: 'signal' in end ? 128 + end.signal : end.exitCode });
  }
}

import type { ExecRequest } from '../../proto/gen/yurt/v1/ExecRequest.ts';
import type { ExecResponse__Output } from '../../proto/gen/yurt/v1/ExecResponse.ts';
import type { ExecStarted__Output } from '../../proto/gen/yurt/v1/ExecStarted.ts';
import type { DuplexCall } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { OutputChannel } from './output-channel.ts';
import { StdinWindow } from './stdin-window.ts';

export interface ExecEnd {
  /** 0-255. */
  readonly code: number;
  /** For 126 and 127, why; empty when the command itself ended with that code. */
  readonly message: string;
}

/** What a client says once the command is there. */
type Message = Omit<ExecRequest, 'start' | 'message'>;

export interface StreamEvents {
  /** The command runs. */
  started(started: ExecStarted__Output): void;
  /** What of typed bytes is for the command, and whether they say that nothing more is. */
  typed?(bytes: Buffer): { readonly pass: Buffer; readonly detach: boolean };
  /** After what was typed before it has been sent. */
  detached?(): void;
}

/** Bytes of stdin in one message. */
const stdinChunkBytes = 64 * 1024;

/** The streams of a command in an instance, joined with those of this process. */
export class CommandStreams {
  readonly #terminal: Terminal;
  readonly #call: DuplexCall<Message, ExecResponse__Output>;
  readonly #events: StreamEvents;
  readonly #stdout: OutputChannel;
  readonly #stderr: OutputChannel;
  readonly #stdin = new StdinWindow();
  readonly #end = Promise.withResolvers<ExecEnd>();
  readonly #cleanUp: (() => void)[] = [];
  #open = true;

  /** `call` is one that nothing but its start was sent on. */
  constructor(terminal: Terminal, call: DuplexCall<Message, ExecResponse__Output>, events: StreamEvents) {
    this.#terminal = terminal;
    this.#call = call;
    this.#events = events;
    const fail = (error: unknown) => this.#end.reject(error);
    this.#stdout = new OutputChannel(
      terminal.output,
      (bytes) => this.send({ window: { channel: 'EXEC_CHANNEL_STDOUT', bytes } }),
      fail,
    );
    this.#stderr = new OutputChannel(
      terminal.error,
      (bytes) => this.send({ window: { channel: 'EXEC_CHANNEL_STDERR', bytes } }),
      fail,
    );
  }

  /** Resolves when the command has ended and all its output is written. */
  async run(): Promise<ExecEnd> {
    this.#stdout.open();
    this.#stderr.open();
    this.#receiveAll().catch(this.#end.reject);
    const end = await this.#end.promise;
    await Promise.all([this.#stdout.drained(), this.#stderr.drained()]);
    return end;
  }

  /** Ends `run` early: with an exit code, or a failure. */
  leave(end: number | Error): void {
    if (typeof end === 'number') this.#end.resolve({ code: end, message: '' });
    else this.#end.reject(end);
  }

  /** False when the call's own buffer is full. */
  send(message: Message): boolean {
    return !this.#open || this.#call.send(message);
  }

  /** Tells the command of changes of the terminal's size. */
  followSize(): void {
    this.undoAtEnd(this.#terminal.onSignal('SIGWINCH', () => this.sendSize()));
  }

  sendSize(): void {
    const size = this.#terminal.output.size();
    if (size !== undefined) this.send({ resize: size });
  }

  undoAtEnd(undo: () => void): void {
    this.#cleanUp.push(undo);
  }

  /** Passes stdin on, then its end. */
  async pumpStdin(): Promise<void> {
    try {
      for await (const chunk of this.#terminal.input.stream()) {
        const bytes = chunk as Buffer; // a stream without encoding yields bytes
        const { pass, detach } = this.#events.typed?.(bytes) ?? { pass: bytes, detach: false };
        await this.#sendStdin(pass);
        if (detach) return this.#events.detached?.();
      }
    } catch {
      // A terminal that is gone cannot be read: for the command that is the end of its input.
    }
    this.closeStdin();
  }

  async #sendStdin(bytes: Buffer): Promise<void> {
    for (let rest = bytes; rest.length > 0; ) {
      const size = await this.#stdin.take(Math.min(rest.length, stdinChunkBytes));
      if (!this.send({ stdin: rest.subarray(0, size) })) await this.#call.drained();
      rest = rest.subarray(size);
    }
  }

  closeStdin(): void {
    this.send({ closeStdin: {} });
  }

  close(): void {
    this.#open = false;
    for (const undo of this.#cleanUp) undo();
    this.#call.cancel();
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
    else if (response.message === 'started' && response.started) this.#events.started(response.started);
    else if (response.message === 'exit') {
      const { code = 1, message = '' } = response.exit ?? {};
      this.#end.resolve({ code, message });
    }
  }
}

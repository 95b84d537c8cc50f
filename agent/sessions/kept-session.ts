import { encodeWindow } from '../../proto/agent/frame.ts';
import { encodeMessage, type Kept, type Status } from '../../proto/agent/messages.ts';
import type { AttachRequest, KeepRequest, KeptState } from '../../proto/agent/sessions.ts';
import type { Children } from '../children.ts';
import { Command } from '../command.ts';
import type { Launcher } from '../launcher.ts';
import { Attachment, type OutputName, outputNames, type SessionPeer } from './attachment.ts';
import { Scrollback } from './scrollback.ts';

/** What the command may write before it is known whether there is room: part of what is kept. */
const windowBytes = 64 * 1024;
const killedCode = 137;

export interface KeptSessionEvents {
  /** The command has ended; what it said and how it ended is kept. */
  ended(): void;
  /** It could not be executed: there is nothing to keep. */
  failed(): void;
}

/**
 * A command whose output is kept, up to `keptBytes` for each stream. While a connection is attached nothing of the output is
 * lost: the command waits for it. Without one the command runs on, and the oldest bytes go.
 */
export class KeptSession {
  readonly id: string;
  readonly command: Command;
  readonly outputs: Readonly<Record<OutputName, Scrollback>>;
  readonly #terminal: boolean;
  readonly #keptBytes: number;
  readonly #events: KeptSessionEvents;
  readonly #granted = { stdout: 0, stderr: 0 };
  #attachment: Attachment | undefined;
  /** What the command has granted of stdin and nobody has used: the next connection has it. */
  #stdinCredit = 0;
  #pid = 0;
  #status: Status | undefined;
  #granting: NodeJS.Immediate | undefined;

  /** Attached to `peer` from its start. Throws what the constructor of `Command` throws. */
  constructor(
    tools: { readonly children: Children; readonly launcher: Launcher },
    { session, start, emptyStdin }: KeepRequest,
    options: { readonly peer: SessionPeer; readonly keptBytes: number; readonly events: KeptSessionEvents },
  ) {
    this.id = session;
    this.#terminal = start.terminal !== undefined;
    this.#keptBytes = options.keptBytes;
    this.#events = options.events;
    const capacity = this.#keptBytes + windowBytes;
    this.outputs = { stdout: new Scrollback(capacity), stderr: new Scrollback(capacity) };
    this.#attachment = new Attachment(this, options.peer, { stdout: 0, stderr: 0 });
    this.command = new Command(tools.children, tools.launcher, start, {
      output: (channel, bytes) => this.#keep(channel, bytes),
      stdinWindow: (bytes) => this.#onStdinWindow(bytes),
      started: (pid, failure) => {
        this.#pid = pid;
        if (failure !== undefined) this.#events.failed();
        this.#attachment?.peer.send(this.#startedFrame(failure === undefined ? { stdout: 0, stderr: 0 } : undefined));
        this.#grant();
        if (emptyStdin) this.command.closeStdin();
      },
      ended: (status) => this.#onEnd(status),
      failed: (failure) => {
        this.#events.failed();
        this.#attachment?.peer.last(encodeMessage('failed', failure));
      },
    });
  }

  get attachment(): Attachment | undefined {
    return this.#attachment;
  }

  /** How the command ended, for the connection; undefined while it runs. */
  get lastFrame(): Buffer | undefined {
    return this.#status === undefined ? undefined : encodeMessage('status', this.#status);
  }

  get state(): KeptState {
    const code = this.#status?.code;
    return { session: this.id, attached: this.#attachment !== undefined, ...(code === undefined ? {} : { code }) };
  }

  /** Gives the session to a connection; who had it before loses it, since nobody knows whether that one still lives. */
  attach(request: AttachRequest, peer: SessionPeer): Attachment {
    const before = this.#attachment;
    before?.close();
    before?.peer.taken();
    const from = (output: Scrollback, asked: number) =>
      Math.min(output.end, Math.max(asked, output.end - this.#keptBytes));
    const positions = {
      stdout: from(this.outputs.stdout, request.stdoutFrom),
      stderr: from(this.outputs.stderr, request.stderrFrom),
    };
    const attachment = new Attachment(this, peer, positions);
    this.#attachment = attachment;
    peer.send(this.#startedFrame(positions));
    if (this.#stdinCredit > 0) peer.send(encodeWindow({ channel: 'stdin', bytes: this.#stdinCredit }));
    return attachment;
  }

  detached(attachment: Attachment): void {
    if (this.#attachment !== attachment) return;
    this.#attachment = undefined;
    this.taken();
  }

  /** Throws a ProtocolError. */
  writeStdin(data: Buffer): void {
    this.command.writeStdin(data);
    this.#stdinCredit -= data.length;
  }

  /** There is room for more, or nobody to wait for. Grants by itself would end an output in the middle of its last bytes. */
  taken(): void {
    this.#granting ??= setImmediate(() => {
      this.#granting = undefined;
      this.#grant();
    });
  }

  /** Kills the command. */
  end(): void {
    if (this.#status !== undefined) return;
    this.command.close();
    this.#onEnd({ code: killedCode });
  }

  #keep(channel: OutputName, bytes: Buffer): boolean {
    this.#granted[channel] -= bytes.length;
    this.outputs[channel].push(bytes);
    this.#attachment?.pump();
    this.taken();
    return true;
  }

  /** What is granted fits behind what the connection has not yet taken. */
  #grant(): void {
    if (this.#status !== undefined) return;
    for (const channel of outputNames) {
      const output = this.outputs[channel];
      const unsent = output.end - (this.#attachment?.position(channel) ?? output.end);
      const bytes = Math.min(windowBytes, this.#keptBytes + windowBytes - unsent) - this.#granted[channel];
      if (bytes < windowBytes / 4) continue;
      this.#granted[channel] += bytes;
      this.command.grant(channel, bytes);
    }
  }

  #onStdinWindow(bytes: number): void {
    this.#stdinCredit += bytes;
    this.#attachment?.peer.send(encodeWindow({ channel: 'stdin', bytes }));
  }

  #onEnd(status: Status): void {
    this.#status = status;
    this.#events.ended();
    this.#attachment?.pump();
  }

  #startedFrame(positions: Readonly<Record<OutputName, number>> | undefined): Buffer {
    const kept: Kept | undefined = positions && {
      terminal: this.#terminal,
      stdoutFrom: positions.stdout,
      stderrFrom: positions.stderr,
    };
    return encodeMessage('started', { pid: this.#pid, ...(kept === undefined ? {} : { kept }) });
  }
}

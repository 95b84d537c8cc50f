import { Credit } from '../../proto/agent/credit.ts';
import { encodeFrame, maxDataBytes } from '../../proto/agent/frame.ts';
import type { TerminalSize } from '../../proto/agent/messages.ts';
import type { KeptSession } from './kept-session.ts';

/** The connection that a session is attached to. */
export interface SessionPeer {
  send(frame: Buffer): void;
  /** False: the connection is full; `resumeOutput()` of the attachment when it takes data again. */
  output(frame: Buffer): boolean;
  /** Sends the last frame. */
  last(frame: Buffer): void;
  /** Another connection has taken the session up. */
  taken(): void;
}

export const outputNames = ['stdout', 'stderr'] as const;
export type OutputName = (typeof outputNames)[number];

/** One connection's view of a session: how much of each output it has, and how much it takes. Used as a command is. */
export class Attachment {
  readonly peer: SessionPeer;
  readonly #session: KeptSession;
  readonly #positions: Record<OutputName, number>;
  readonly #credits = { stdout: new Credit(), stderr: new Credit() };
  #congested = false;
  #over = false;

  constructor(session: KeptSession, peer: SessionPeer, positions: Readonly<Record<OutputName, number>>) {
    this.#session = session;
    this.peer = peer;
    this.#positions = { ...positions };
  }

  /** Of the next byte that it gets. */
  position(channel: OutputName): number {
    return this.#positions[channel];
  }

  /** Throws a ProtocolError, as does `writeStdin`. */
  grant(channel: OutputName, bytes: number): void {
    this.#credits[channel].grant(bytes);
    this.pump();
  }

  resumeOutput(): void {
    this.#congested = false;
    this.pump();
  }

  writeStdin(data: Buffer): void {
    if (!this.#over) this.#session.writeStdin(data);
  }

  closeStdin(): void {
    if (!this.#over) this.#session.command.closeStdin();
  }

  resize(size: TerminalSize): void {
    if (!this.#over) this.#session.command.resize(size);
  }

  signal(number: number): void {
    if (!this.#over) this.#session.command.signal(number);
  }

  /** The connection is gone; the session is not. Idempotent. */
  close(): void {
    this.#over = true;
    this.#session.detached(this);
  }

  /** Sends what there is and what may be sent, at the end how the command ended. */
  pump(): void {
    for (const channel of outputNames) this.#send(channel);
    const { lastFrame } = this.#session;
    if (this.#over || lastFrame === undefined || outputNames.some((channel) => this.#owes(channel) > 0)) return;
    this.#over = true;
    this.peer.last(lastFrame);
  }

  #send(channel: OutputName): void {
    const [credit, output] = [this.#credits[channel], this.#session.outputs[channel]];
    while (!this.#over && !this.#congested && credit.available > 0 && this.#owes(channel) > 0) {
      const part = output.at(this.#positions[channel], Math.min(maxDataBytes, credit.available));
      credit.use(part.length);
      this.#positions[channel] += part.length;
      this.#congested = !this.peer.output(encodeFrame(channel, part));
      this.#session.taken();
    }
  }

  #owes(channel: OutputName): number {
    return this.#session.outputs[channel].end - this.#positions[channel];
  }
}

import { Failure } from '../client/failure.ts';
import type { TerminalOutput } from '../terminal/terminal.ts';

/** How many bytes of one channel may be under way or waiting to be written here. */
export const channelWindowBytes = 1024 * 1024;

/** New credit is worth a message from here on. */
const creditStepBytes = channelWindowBytes / 4;

/**
 * stdout or stderr of a command, written here at the pace of whoever reads it: the server may send as many bytes as it
 * has credit, and gets new credit for what the system has taken. So a channel that nobody reads holds up itself alone.
 */
export class OutputChannel {
  readonly #output: TerminalOutput;
  readonly #grant: (bytes: number) => void;
  readonly #onFailure: (error: unknown) => void;
  #credit = channelWindowBytes;
  #owed = 0;
  #tail: Promise<void> = Promise.resolve();
  #failed = false;

  /** `grant` sends credit to the server; `onFailure` is told once when writing fails. */
  constructor(output: TerminalOutput, grant: (bytes: number) => void, onFailure: (error: unknown) => void) {
    this.#output = output;
    this.#grant = grant;
    this.#onFailure = onFailure;
  }

  /** Gives the server its first credit. */
  open(): void {
    this.#grant(channelWindowBytes);
  }

  /** Takes bytes of the server; throws a `Failure` for more than it has credit for. */
  accept(bytes: Buffer): void {
    if (bytes.length > this.#credit) throw new Failure('The server sent more output than it may');
    this.#credit -= bytes.length;
    this.#tail = this.#tail.then(() => this.#write(bytes));
    this.#tail.catch((error) => {
      if (!this.#failed) this.#onFailure(error);
      this.#failed = true;
    });
  }

  /** Resolves when all that was accepted is written, rejects when it could not be. */
  async drained(): Promise<void> {
    await this.#tail;
  }

  async #write(bytes: Buffer): Promise<void> {
    await this.#output.write(bytes);
    this.#owed += bytes.length;
    if (this.#owed < creditStepBytes) return;
    this.#credit += this.#owed;
    this.#grant(this.#owed);
    this.#owed = 0;
  }
}

import type { ExecRequest } from '../../../proto/gen/yurt/v1/ExecRequest.ts';

/** What may wait for a program that does not read: more than a large paste. */
export const maxWaitingBytes = 1024 * 1024;

/** The part of a call that messages go into. */
export interface Sink {
  send(message: ExecRequest): boolean;
  drained(): Promise<void>;
}

/**
 * What is typed into a pane, in its order, at the pace of who reads it. Terminals answer questions of their programs too: one
 * that asks and never reads would have the answers pile up here.
 */
export class PaneInput {
  readonly #sink: Sink;
  readonly #waiting: Buffer[] = [];
  #size = 0;
  #isFull = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** False when there is no room: then nothing of it is typed. */
  type(bytes: Buffer): boolean {
    if (this.#size + bytes.length > maxWaitingBytes) return false;
    this.#size += bytes.length;
    this.#waiting.push(bytes);
    if (!this.#isFull) void this.#pass();
    return true;
  }

  async #pass(): Promise<void> {
    for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
      this.#size -= bytes.length;
      if (this.#sink.send({ stdin: bytes })) continue;
      this.#isFull = true;
      await this.#sink.drained();
      this.#isFull = false;
    }
  }
}

import { errorCodes } from './frame.ts';
import type { Headers } from './header-block.ts';
import { ReceiveWindow } from './receive-window.ts';

/** Beyond it a writer is told to wait. */
const highWaterBytes = 256 * 1024;

/** What a stream asks of the connection that it is part of. */
export interface StreamHost {
  /** There is something to send. */
  flush(stream: Http2Stream): void;
  /** These bytes have been read: as many more may be sent to us. */
  consumed(stream: Http2Stream, bytes: number): void;
  reset(stream: Http2Stream, code: number): void;
}

/**
 * One exchange: a request that was begun, and its answer. Its streams flow no faster than both sides take them.
 * https://www.rfc-editor.org/rfc/rfc9113#section-5
 */
export class Http2Stream {
  readonly #host: StreamHost;
  readonly #answers: Headers[] = [];
  readonly #outgoing: Buffer[] = [];
  #outgoingBytes = 0;
  #isEnding = false;
  #isSent = false;
  readonly #incoming: Buffer[] = [];
  #wakeReader: (() => void) | undefined;
  #wakeWriters: (() => void)[] = [];
  #remoteEnded = false;
  #closed: { readonly cause: unknown; readonly code: number } | undefined;
  /** Bytes that may be sent: below 0 when the server has taken back what it allowed. */
  sendWindow = 0;
  readonly receiveWindow: ReceiveWindow;

  constructor(host: StreamHost, receiveWindowBytes: number) {
    this.#host = host;
    this.receiveWindow = new ReceiveWindow(receiveWindowBytes);
  }

  /** Response headers, then trailers; the same when the server has nothing else to say. */
  get answers(): readonly Headers[] {
    return this.#answers;
  }

  /** The code of HTTP/2 and, if there is one, the error that ended it early. */
  get closed(): { readonly cause: unknown; readonly code: number } | undefined {
    return this.#closed;
  }

  /** False when enough waits to be sent: `drained` before the next. What nobody can take any more is dropped. */
  send(bytes: Buffer): boolean {
    if (this.#closed !== undefined || this.#isEnding) return true;
    this.#outgoing.push(bytes);
    this.#outgoingBytes += bytes.length;
    this.#host.flush(this);
    return this.#outgoingBytes < highWaterBytes;
  }

  async drained(): Promise<void> {
    while (this.#outgoingBytes >= highWaterBytes && this.#closed === undefined) {
      await new Promise<void>((resolve) => this.#wakeWriters.push(resolve));
    }
  }

  end(): void {
    if (this.#closed !== undefined || this.#isEnding) return;
    this.#isEnding = true;
    this.#host.flush(this);
  }

  /** Ends it early, on the server too. What has come and was not read is dropped. */
  cancel(): void {
    for (const chunk of this.#incoming.splice(0)) this.#host.consumed(this, chunk.length);
    if (this.#closed === undefined) this.#host.reset(this, errorCodes.cancel);
  }

  /** What comes, until the server ends it; returns early when the stream ends early. */
  async *chunks(): AsyncGenerator<Buffer, void> {
    for (;;) {
      const chunk = this.#incoming.shift();
      if (chunk !== undefined) {
        this.#host.consumed(this, chunk.length);
        yield chunk;
      } else if (this.#remoteEnded || this.#closed !== undefined) return;
      else await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  /** For the connection: whether this side has said all. */
  get isSent(): boolean {
    return this.#isSent;
  }

  get remoteEnded(): boolean {
    return this.#remoteEnded;
  }

  /** For the connection: up to `limit` bytes of what waits; undefined when nothing does. */
  take(limit: number): { readonly bytes: Buffer; readonly isLast: boolean } | undefined {
    const [first] = this.#outgoing;
    if (first === undefined) {
      if (!this.#isEnding || this.#isSent) return undefined;
      this.#isSent = true;
      return { bytes: Buffer.alloc(0), isLast: true };
    }
    if (limit <= 0) return undefined;
    const bytes = first.subarray(0, limit);
    if (bytes.length === first.length) this.#outgoing.shift();
    else this.#outgoing[0] = first.subarray(bytes.length);
    this.#outgoingBytes -= bytes.length;
    if (this.#outgoingBytes < highWaterBytes) this.#wake();
    this.#isSent = this.#isEnding && this.#outgoing.length === 0;
    return { bytes, isLast: this.#isSent };
  }

  /** For the connection: what it read for this stream. */
  receive(chunk: Buffer): void {
    this.#incoming.push(chunk);
    this.#wake();
  }

  receiveHeaders(headers: Headers): void {
    this.#answers.push(headers);
    this.#wake();
  }

  receiveEnd(): void {
    this.#remoteEnded = true;
    this.#wake();
  }

  /** Nothing more is sent or comes. What has come can still be read. */
  close(code: number, cause?: unknown): void {
    this.#closed ??= { code, cause };
    this.#outgoing.length = 0;
    this.#outgoingBytes = 0;
    this.#wake();
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeReader = undefined;
    if (this.#outgoingBytes >= highWaterBytes) return;
    for (const wake of this.#wakeWriters.splice(0)) wake();
  }
}

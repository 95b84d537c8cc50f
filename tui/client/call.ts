import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { FrameReader, frameHeader } from './frames.ts';
import { piecesOf } from './incoming.ts';

/** A list of some thousand instances with their devices fits. */
const maxMessageBytes = 64 * 1024 * 1024;
/** What waits to be sent before a sender should pause. A stream's own mark (16 KiB) would let each message wait for the one before. */
const maxQueuedBytes = 512 * 1024;

/** How a call ended when not well; the numbers are those of https://grpc.io/docs/guides/status-codes/. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: number;
  /** The server itself has answered; otherwise the connection to it failed. */
  readonly answered: boolean;

  constructor(code: number, message: string, options: { answered: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.answered = options.answered;
  }
}

export interface StartOptions {
  readonly timeoutMs?: number | undefined;
}

/**
 * One gRPC call: messages as bytes in both directions, over a stream of an HTTP/2 session.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class Call {
  readonly #stream: ClientHttp2Stream;
  readonly #trailers = Promise.withResolvers<IncomingHttpHeaders>();
  #lost: unknown;
  #canceled = false;
  #queued = 0;
  #onRoom: () => void = () => {};

  constructor(session: ClientHttp2Session, path: string, { timeoutMs }: StartOptions) {
    this.#stream = session.request({
      ':method': 'POST',
      ':path': path,
      te: 'trailers',
      'content-type': 'application/grpc',
      ...(timeoutMs === undefined ? {} : { 'grpc-timeout': `${timeoutMs}m` }),
    });
    // A call without any message carries its status in the headers.
    this.#stream.on('response', (headers) => {
      if (headers['grpc-status'] !== undefined || headers[':status'] !== 200) this.#trailers.resolve(headers);
    });
    this.#stream.on('trailers', (headers) => this.#trailers.resolve(headers));
    this.#stream.on('error', (error) => {
      this.#lost ??= error;
    });
    this.#stream.on('close', () => {
      this.#trailers.resolve({});
      this.#onRoom();
    });
  }

  /**
   * Sends a message that is made of `parts`, which belong to the call from then on: they are not copied. False when it waits
   * with others for room: `drained` before the next.
   */
  send(parts: readonly Uint8Array[]): boolean {
    if (!this.#stream.writable) return true;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    this.#queued += length;
    this.#stream.cork();
    this.#stream.write(frameHeader(length), () => {
      this.#queued -= length;
      if (this.#queued <= maxQueuedBytes / 2) this.#onRoom();
    });
    for (const part of parts) this.#stream.write(part);
    this.#stream.uncork();
    return this.#queued <= maxQueuedBytes;
  }

  /** Resolves when there is room again, or nobody left to send to. */
  async drained(): Promise<void> {
    if (this.#queued <= maxQueuedBytes / 2 || this.#stream.closed || this.#stream.destroyed) return;
    await new Promise<void>((resolve) => (this.#onRoom = resolve));
  }

  /** No more messages follow. */
  end(): void {
    this.#stream.end();
  }

  /** Whether this side has ended the call early. */
  get canceled(): boolean {
    return this.#canceled;
  }

  cancel(): void {
    this.#canceled = true;
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  /** What the server sends, no faster than it is asked for; throws a `CallError` when the call does not end well. */
  async *messages(): AsyncGenerator<Buffer, void> {
    const frames = new FrameReader(maxMessageBytes);
    let whole = false;
    try {
      for await (const piece of piecesOf(this.#stream)) yield* frames.push(piece);
      whole = true;
    } catch (error) {
      if (error instanceof RangeError) throw new CallError(internal, error.message, { answered: true, cause: error });
      throw error;
    } finally {
      if (!whole) this.#stream.close(constants.NGHTTP2_CANCEL);
    }
    this.#check(await this.#trailers.promise);
    if (frames.inMessage)
      throw new CallError(internal, 'The server ended in the middle of a message', { answered: true });
  }

  #check(headers: IncomingHttpHeaders): void {
    const { 'grpc-status': status, ':status': httpStatus } = headers;
    if (status !== undefined) {
      const code = Number(status);
      if (code !== 0) throw new CallError(code, decodeMessage(headers['grpc-message']), { answered: true });
    } else if (httpStatus !== undefined) {
      throw new CallError(unavailable, `The server answered with HTTP status ${httpStatus}`, { answered: true });
    } else {
      const message = `The stream ended early (${this.#stream.rstCode})`;
      throw new CallError(unavailable, message, { answered: false, cause: this.#lost });
    }
  }
}

const internal = 13;
const unavailable = 14;

/** Status messages are percent-encoded UTF-8; what is not stays as it is. */
function decodeMessage(header: unknown): string {
  const text = String(header ?? '');
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

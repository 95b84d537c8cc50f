import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { FrameReader, frameOf } from './frames.ts';

/** A list of some thousand instances with their devices fits. */
const maxMessageBytes = 64 * 1024 * 1024;

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
    this.#stream.on('close', () => this.#trailers.resolve({}));
  }

  /** False when the message waits with others for room: `drained` before the next. */
  send(message: Uint8Array): boolean {
    return this.#stream.writable ? this.#stream.write(frameOf(message)) : true;
  }

  async drained(): Promise<void> {
    if (!this.#stream.writableNeedDrain) return;
    const over = new AbortController();
    try {
      await Promise.race([once(this.#stream, 'drain', over), once(this.#stream, 'close', over)]);
    } finally {
      over.abort();
    }
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
    try {
      for await (const chunk of this.#stream) yield* frames.push(chunk as Buffer); // a stream without encoding yields bytes
    } catch (error) {
      this.#stream.close(constants.NGHTTP2_CANCEL);
      if (error instanceof RangeError) throw new CallError(internal, error.message, { answered: true, cause: error });
      this.#lost ??= error;
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

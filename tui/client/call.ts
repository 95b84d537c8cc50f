import { FrameReader, frameHeader } from './frames.ts';
import type { Http2Session } from './http2/session.ts';
import type { Http2Stream } from './http2/stream.ts';

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
  readonly #stream: Http2Stream;
  #canceled = false;

  constructor(session: Http2Session, path: string, { timeoutMs }: StartOptions) {
    this.#stream = session.request({
      ':method': 'POST',
      ':scheme': 'http',
      ':authority': 'localhost',
      ':path': path,
      te: 'trailers',
      'content-type': 'application/grpc',
      ...(timeoutMs === undefined ? {} : { 'grpc-timeout': `${timeoutMs}m` }),
    });
  }

  /** Sends a message that is made of `parts`. False when it waits with others for room: `drained` before the next. */
  send(parts: readonly Buffer[]): boolean {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    return this.#stream.send(Buffer.concat([frameHeader(length), ...parts]));
  }

  async drained(): Promise<void> {
    await this.#stream.drained();
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
    this.#stream.cancel();
  }

  /** What the server sends, no faster than it is asked for; throws a `CallError` when the call does not end well. */
  async *messages(): AsyncGenerator<Buffer, void> {
    const frames = new FrameReader(maxMessageBytes);
    try {
      for await (const chunk of this.#stream.chunks()) yield* frames.push(chunk);
      this.#check();
      if (frames.inMessage) {
        throw new CallError(internal, 'The server ended in the middle of a message', { answered: true });
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new CallError(internal, error.message, { answered: true, cause: error });
    } finally {
      this.#stream.cancel();
    }
  }

  #check(): void {
    const { answers, closed } = this.#stream;
    const [first] = answers;
    // A call without any message carries its status in the only headers.
    const { 'grpc-status': status, 'grpc-message': message } = answers.at(-1) ?? {};
    if (status !== undefined) {
      const code = Number(status);
      if (code !== 0) throw new CallError(code, decodeMessage(message), { answered: true });
    } else if (first !== undefined && first[':status'] !== '200') {
      throw new CallError(unavailable, `The server answered with HTTP status ${first[':status']}`, { answered: true });
    } else {
      const reason = `The stream ended early (${closed?.code ?? 0})`;
      throw new CallError(unavailable, reason, { answered: false, cause: closed?.cause });
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

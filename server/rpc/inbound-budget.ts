import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';

export interface InboundBudgetOptions {
  /** What all calls of one client may hold here at once. */
  readonly maxBytes: number;
  /** What one message may become when it is compressed: it counts as so much, since nobody knows before. */
  readonly maxMessageBytes: number;
  /** Who makes the calls of a connection (`getPeer()`): the connections of one client share its budget. */
  readonly ownerOf: (peer: string) => string;
  /** Told of each call that was ended because it went beyond. */
  readonly refused: (peer: string) => void;
}

/** Before each message: a flag, and the length of what follows. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
const headBytes = 5;
const lengthOffset = 1;

/**
 * Ends the call that makes its client hold more here, in messages that are not whole or that no handler has taken, than it may.
 * gRPC keeps each message until it is whole, however long that takes, and some more of each stream; flow control does
 * not bound that.
 */
export function inboundBudget({
  maxBytes,
  maxMessageBytes,
  ownerOf,
  refused,
}: InboundBudgetOptions): ServerInterceptor {
  const held = new Map<string, number>();
  return (_method, call) => {
    const { stream } = call as unknown as { readonly stream: ServerHttp2Stream }; // there is no public way; a test sees it break
    const peer = call.getPeer();
    const owner = ownerOf(peer);
    const own = new Inbound(maxMessageBytes, (change) => {
      const bytes = (held.get(owner) ?? 0) + change;
      if (bytes === 0) held.delete(owner);
      else held.set(owner, bytes);
      return bytes <= maxBytes;
    });
    inboundOf.set(stream, own);
    // Before gRPC's own, which leaves a closed stream alone: what goes beyond is not even decompressed.
    stream.prependListener('data', (chunk: Buffer) => {
      if (own.push(chunk) || stream.closed) return;
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      refused(peer);
    });
    stream.once('close', () => own.end());
    return call as ServerInterceptingCall; // grpc-js' own, as the next in line: no layer of ours around it
  };
}

const inboundOf = new WeakMap<object, Inbound>();

/** The handler of a stream has done with the message that it took last. */
export function messageTaken(stream: object): void {
  const { call } = stream as { readonly call?: { readonly stream?: object } }; // as above
  if (call?.stream !== undefined) inboundOf.get(call.stream)?.take();
}

/** What one call holds. */
class Inbound {
  /** Returns whether there is room for so much more. */
  readonly #account: (change: number) => boolean;
  readonly #head = Buffer.alloc(headBytes);
  #headLength = 0;
  /** Of the message that is coming. */
  #missing = 0;
  #partial = 0;
  /** The sizes of those that have come, and wait. */
  readonly #whole: number[] = [];
  #isOver = false;
  readonly #maxMessageBytes: number;

  constructor(maxMessageBytes: number, account: (change: number) => boolean) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#account = account;
  }

  push(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    let inflated = 0;
    for (let at = 0; at < chunk.length; ) {
      const rest = chunk.length - at;
      if (this.#headLength < headBytes) {
        const length = Math.min(headBytes - this.#headLength, rest);
        chunk.copy(this.#head, this.#headLength, at, at + length);
        this.#headLength += length;
        at += length;
        if (this.#headLength < headBytes) break;
        this.#missing = this.#head.readUInt32BE(lengthOffset);
        if (this.#head[0] !== 0) {
          this.#partial += this.#maxMessageBytes;
          inflated += this.#maxMessageBytes;
        }
      } else {
        const length = Math.min(this.#missing, rest);
        this.#missing -= length;
        this.#partial += length;
        at += length;
      }
      if (this.#missing === 0) this.#complete();
    }
    return this.#account(chunk.length + inflated);
  }

  take(): void {
    if (this.#isOver) return; // all of it was given back
    const bytes = this.#whole.shift();
    if (bytes !== undefined) this.#account(-bytes);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#account(-(this.#headLength + this.#partial + this.#whole.reduce((sum, bytes) => sum + bytes, 0)));
  }

  #complete(): void {
    this.#whole.push(headBytes + this.#partial);
    this.#headLength = 0;
    this.#partial = 0;
  }
}

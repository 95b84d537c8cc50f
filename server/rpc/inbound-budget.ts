import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';

export interface InboundBudgetOptions {
  /** What all calls of one client may hold here at once. */
  readonly maxBytes: number;
  /** What one message may become when it was compressed. */
  readonly maxMessageBytes: number;
  /** Who makes the calls of a connection (`getPeer()`): the connections of one client share its budget. */
  readonly ownerOf: (peer: string) => string;
  /** Told of each call that was ended because it went beyond. */
  readonly refused: (peer: string) => void;
}

/** Before each message: a flag, and the length of what follows. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
const headBytes = 5;
const lengthOffset = 1;
/** What a byte may become at most: both gzip and deflate are of DEFLATE. https://zlib.net/zlib_tech.html */
const maxInflation = 1032;

/** What there is no public way to, of gRPC's side of a call. Tests see it break. */
interface ServerCall {
  readonly stream: ServerHttp2Stream;
  /** Called with each message of the call, with its head, in their order. */
  decompressMessage(message: Buffer, encoding: string): Buffer | Promise<Buffer>;
}

/**
 * Ends the call that makes its client hold more here, in messages that are not whole or that no handler has taken, than it may.
 * gRPC keeps each message until it is whole, however long that takes, and some more of each stream; flow control does
 * not bound that. It also decompresses all that it has at once: here, each waits until those before it have been taken.
 */
export function inboundBudget({
  maxBytes,
  maxMessageBytes,
  ownerOf,
  refused,
}: InboundBudgetOptions): ServerInterceptor {
  const held = new Map<string, number>();
  return (_method, call) => {
    const inner = call as unknown as ServerCall;
    const { stream } = inner;
    const peer = call.getPeer();
    const owner = ownerOf(peer);
    const own = new Inbound((change) => {
      const bytes = (held.get(owner) ?? 0) + change;
      if (bytes === 0) held.delete(owner);
      else held.set(owner, bytes);
      if (bytes <= maxBytes || change <= 0 || stream.closed) return;
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      refused(peer);
    });
    inboundOf.set(stream, own);
    // Before gRPC's own, which leaves a closed stream alone.
    stream.prependListener('data', (chunk: Buffer) => own.push(chunk));
    const decompress = inner.decompressMessage.bind(inner);
    inner.decompressMessage = (message, encoding) => {
      const turn = own.turn();
      if (encoding === 'identity') return decompress(message, encoding);
      const most = Math.min(maxMessageBytes, message.length * maxInflation);
      return own.inflate(turn, most, async () => await decompress(message, encoding));
    };
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
  /** Told of what is more, or less. */
  readonly #account: (change: number) => void;
  readonly #head = Buffer.alloc(headBytes);
  #headLength = 0;
  /** Of the message that is coming. */
  #missing = 0;
  #partial = 0;
  /** The sizes of those that have come, and wait. */
  readonly #whole: number[] = [];
  #turns = 0;
  #taken = 0;
  /** The next that is to be decompressed, and waits for those before it. */
  readonly #waiting = new Map<number, () => void>();
  #isOver = false;

  constructor(account: (change: number) => void) {
    this.#account = account;
  }

  push(chunk: Buffer): void {
    if (this.#isOver) return;
    for (let at = 0; at < chunk.length; ) {
      const rest = chunk.length - at;
      if (this.#headLength < headBytes) {
        const length = Math.min(headBytes - this.#headLength, rest);
        chunk.copy(this.#head, this.#headLength, at, at + length);
        this.#headLength += length;
        at += length;
        if (this.#headLength < headBytes) break;
        this.#missing = this.#head.readUInt32BE(lengthOffset);
      } else {
        const length = Math.min(this.#missing, rest);
        this.#missing -= length;
        this.#partial += length;
        at += length;
      }
      if (this.#missing === 0) this.#complete();
    }
    this.#account(chunk.length);
  }

  /** The number of the next message. */
  turn(): number {
    this.#turns += 1;
    return this.#turns - 1;
  }

  /** Lets `work` make a message of a compressed one, of `most` bytes at most, when all before it have been taken. */
  async inflate(turn: number, most: number, work: () => Promise<Buffer>): Promise<Buffer> {
    if (turn > this.#taken) await new Promise<void>((resolve) => this.#waiting.set(turn, resolve));
    let length = 0;
    this.#grow(most);
    try {
      const message = await work();
      length = message.length;
      return message;
    } finally {
      this.#grow(length - most);
    }
  }

  take(): void {
    if (this.#isOver) return; // all of it was given back
    const bytes = this.#whole.shift();
    if (bytes !== undefined) this.#account(-bytes);
    this.#taken += 1;
    this.#waiting.get(this.#taken)?.();
    this.#waiting.delete(this.#taken);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#account(-(this.#headLength + this.#partial + this.#whole.reduce((sum, bytes) => sum + bytes, 0)));
  }

  /** The first that waits: none is taken before it is what it becomes. */
  #grow(bytes: number): void {
    if (this.#isOver) return;
    this.#whole[0] = (this.#whole[0] ?? 0) + bytes;
    this.#account(bytes);
  }

  #complete(): void {
    this.#whole.push(headBytes + this.#partial);
    this.#headLength = 0;
    this.#partial = 0;
  }
}

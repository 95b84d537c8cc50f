import type { TransferFrame, TransferFrame__Output } from '../../proto/gen/yurt/v1/TransferFrame.ts';
import { Fault } from '../base/fault.ts';
import { untilAborted } from '../base/until-aborted.ts';
import type { Channel, Frame } from '../transfers/channel.ts';
import { decodeFrame, encodeFrame } from './transfer-frames.ts';
import { writeTo } from './write-message.ts';

/** Either side of a gRPC call with streams in both directions. */
interface FrameStream {
  write(message: TransferFrame, taken?: () => void): unknown;
}

export interface FrameChannelOptions {
  readonly stream: FrameStream;
  /** What comes in. Throws when the connection is lost. */
  readonly frames: AsyncIterator<TransferFrame__Output>;
  /** Aborts when the connection is lost. */
  readonly lost: AbortSignal;
  /** Ends this side of the call. */
  readonly end: () => void;
}

/** A channel over a gRPC call: it holds no more than what the call's own flow control lets through. */
export class FrameChannel implements Channel {
  readonly #options: FrameChannelOptions;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  readonly #closed = Promise.withResolvers<void>();

  constructor(options: FrameChannelOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.lost, this.#closing.signal]);
    options.lost.addEventListener('abort', () => this.#closed.resolve(), { once: true });
  }

  /** Resolves when it is closed, by this side or by a lost connection. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  async send(frame: Frame): Promise<void> {
    this.#check();
    await writeTo(this.#options.stream, encodeFrame(frame), this.#signal);
    this.#check();
  }

  async receive(): Promise<Frame> {
    this.#check();
    try {
      const { done, value } = await untilAborted(this.#options.frames.next(), this.#signal);
      if (done === true) throw brokenOff();
      return decodeFrame(value);
    } catch (error) {
      this.#check();
      const fault = Fault.from(error);
      throw fault.code === 'canceled' ? brokenOff(error) : fault;
    }
  }

  fail(fault: Fault): void {
    if (this.#closing.signal.aborted) return;
    // Behind what waits to be sent: an end that takes nothing does not hear it, and notices that the call is over.
    if (!this.#options.lost.aborted) this.#options.stream.write(encodeFrame({ type: 'failed', fault }));
    this.#close(fault);
  }

  close(): void {
    if (!this.#closing.signal.aborted) this.#close(new Fault('unavailable', 'The transfer is over'));
  }

  #close(fault: Fault): void {
    this.#closing.abort(fault);
    this.#options.end();
    this.#closed.resolve();
  }

  #check(): void {
    if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
    if (this.#options.lost.aborted) throw brokenOff();
  }
}

function brokenOff(cause?: unknown): Fault {
  return new Fault('unavailable', 'The connection to the other server is lost', { cause });
}

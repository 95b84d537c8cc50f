import { Fault } from '../../server/base/fault.ts';
import type { Channel, Frame } from '../../server/transfers/channel.ts';

/** Two channels that are connected with each other, in memory: one holds no more frames than the other is behind with. */
export class ChannelPair {
  readonly one: Channel;
  readonly other: Channel;
  readonly #cut: (() => void)[] = [];
  /** Most frames that were on their way at once. */
  most = 0;

  constructor() {
    const [there, back] = [new Line(this), new Line(this)];
    this.one = sideOf(there, back);
    this.other = sideOf(back, there);
    this.#cut.push(
      () => there.cut(),
      () => back.cut(),
    );
  }

  /** As a link that is cut: neither side hears of it otherwise. */
  cut(): void {
    for (const cut of this.#cut) cut();
  }
}

const maxFrames = 2;

class Line {
  readonly #pair: ChannelPair;
  readonly #frames: Frame[] = [];
  #changed = Promise.withResolvers<void>();
  #over: Fault | undefined;

  constructor(pair: ChannelPair) {
    this.#pair = pair;
  }

  async put(frame: Frame): Promise<void> {
    await this.#until(() => this.#frames.length < maxFrames);
    this.#frames.push(frame);
    this.#pair.most = Math.max(this.#pair.most, this.#frames.length);
    this.#wake();
  }

  async take(): Promise<Frame> {
    await this.#until(() => this.#frames.length > 0);
    const frame = this.#frames.shift();
    this.#wake();
    if (frame === undefined) throw new Error('no frame');
    return frame;
  }

  /** The last frame, whatever waits before it. */
  end(frame: Frame | undefined, fault: Fault): void {
    if (this.#over !== undefined) return;
    if (frame !== undefined) this.#frames.push(frame);
    this.#over = fault;
    this.#wake();
  }

  cut(): void {
    this.#frames.length = 0;
    this.end(undefined, new Fault('unavailable', 'The connection to the other server is lost'));
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#over !== undefined) throw this.#over;
      await this.#changed.promise;
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function sideOf(out: Line, back: Line): Channel {
  const over = new Fault('unavailable', 'The connection to the other server is lost');
  return {
    send: (frame) => out.put(frame),
    receive: () => back.take(),
    fail: (fault) => {
      out.end({ type: 'failed', fault: new Fault(fault.code, `The other server says: ${fault.message}`) }, fault);
      back.end(undefined, fault);
    },
    close: () => {
      out.end(undefined, over);
      back.end(undefined, over);
    },
  };
}

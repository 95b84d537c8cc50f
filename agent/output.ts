import { Credit } from '../proto/agent/credit.ts';
import { maxDataBytes } from '../proto/agent/frame.ts';
import { Reader } from './reader.ts';

/** After the command's end: no byte for so long, and the pipe is empty, means that nothing of the command is left in it. */
const quietMs = 100;
/** After the command's end: somebody who keeps writing into its pipe is heard for this many quiet periods… */
const maxDrainPeriods = 20;
/** … and for this many bytes: more than this cannot have been in a pipe (fs.pipe-max-size) when the command ended. */
const maxDrainBytes = 1024 * 1024;

export interface OutputEvents {
  /** Sends bytes, which are valid during the call only. False: the connection is full, `resume()` when it is not. */
  send(bytes: Buffer): boolean;
  /** Everything was sent; called once. */
  finished(): void;
}

/**
 * One output stream of a command: reads only as much as the receiver has granted. It is finished at end of file. A
 * process in the background may keep the stream open after the command has ended: then it is finished when what the
 * command wrote has been sent and the stream is quiet, or when the background process has been heard long enough.
 */
export class Output {
  readonly #credit = new Credit();
  readonly #events: OutputEvents;
  readonly reader: Reader;
  /** Read but not granted: at most one buffer of the reader. */
  #held: Buffer | undefined;
  #congested = false;
  #ended = false;
  #finished = false;
  #drainTimer: NodeJS.Timeout | undefined;
  #drainPeriods = 0;
  #drainBytes = 0;
  #readInPeriod = false;

  /** Takes over the descriptor. */
  constructor(fd: number, kind: 'pipe' | 'terminal', events: OutputEvents) {
    this.#events = events;
    this.reader = new Reader(fd, kind, { data: (bytes) => this.#onData(bytes), end: () => this.#onEnd() });
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Throws a ProtocolError. */
  grant(bytes: number): void {
    this.#credit.grant(bytes);
    this.resume();
  }

  /** The connection takes data again. */
  resume(): void {
    this.#congested = false;
    if (this.#held !== undefined) {
      const held = this.#held;
      this.#held = undefined;
      this.#send(held);
    }
    if (this.#ended) this.#finishIfEmpty();
    else if (this.#flowing()) this.reader.resume();
  }

  /** The command has ended: from now on an open stream is not waited for without end. */
  commandEnded(): void {
    if (!this.#finished) this.#drainTimer = setInterval(() => this.#drain(), quietMs);
  }

  close(): void {
    clearInterval(this.#drainTimer);
    this.#finished = true;
    this.reader.close();
  }

  #flowing(): boolean {
    return !this.#congested && this.#held === undefined && this.#credit.available > 0;
  }

  #onData(bytes: Buffer): boolean {
    this.#readInPeriod = true;
    if (this.#drainTimer !== undefined) this.#drainBytes += bytes.length;
    this.#send(bytes);
    return this.#flowing() && !this.#heardEnough();
  }

  #send(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0 && this.#credit.available > 0 && !this.#congested) {
      const part = rest.subarray(0, Math.min(maxDataBytes, this.#credit.available));
      this.#credit.use(part.length);
      this.#congested = !this.#events.send(part);
      rest = rest.subarray(part.length);
    }
    if (rest.length > 0) this.#held = Buffer.from(rest);
  }

  #drain(): void {
    if (!this.#flowing()) return; // the receiver is slow: its time does not count
    this.#drainPeriods += 1;
    const quiet = !this.#readInPeriod;
    this.#readInPeriod = false;
    if (!quiet && !this.#heardEnough()) return;
    // A timer may come before the data that this process was too busy to read.
    if (quiet && this.reader.drain() === 'paused' && !this.#heardEnough()) return;
    this.reader.close();
    this.#onEnd();
  }

  #heardEnough(): boolean {
    return this.#drainPeriods >= maxDrainPeriods || this.#drainBytes >= maxDrainBytes;
  }

  #onEnd(): void {
    this.#ended = true;
    this.#finishIfEmpty();
  }

  #finishIfEmpty(): void {
    if (this.#finished || this.#held !== undefined) return;
    this.close();
    this.#events.finished();
  }
}

import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import { untilAborted } from '../base/until-aborted.ts';
import { hashOfSecret, newSecret } from '../trust/token.ts';
import type { Channel } from './channel.ts';

/** Whoever holds the key of a certificate, by its SHA-256; a process of this host is `local`. */
export type Party = string;

export interface EndRequest {
  /** The client that opens it. */
  readonly opener: Party;
  /** Another server that may connect, too; empty: none. */
  readonly peer: Party;
}

/** One end of a transfer, which waits for the other. */
export interface WaitingEnd {
  /** Lets one of its parties connect, once. It is not kept. */
  readonly secret: string;
  /** Faults: `timed-out` when nobody comes, what the task was canceled with. */
  readonly connected: (task: Task) => Promise<Channel>;
}

export interface EndsOptions {
  /** How long an end waits. */
  readonly waitMs?: number;
  readonly maxEnds?: number;
}

interface End {
  readonly opener: Party;
  readonly peer: Party;
  readonly connect: (channel: Channel) => void;
  readonly giveUp: (fault: Fault) => void;
  readonly timer: NodeJS.Timeout;
}

const defaultWaitMs = 60_000;
/** Each belongs to an operation, which are limited as well; but one waits for nothing here. */
const defaultMaxEnds = 100;

/** The ends on this server that wait for another. They are in memory only: who restarts begins anew. */
export class TransferEnds {
  readonly #waitMs: number;
  readonly #maxEnds: number;
  /** By the hash of their secret. */
  readonly #waiting = new Map<string, End>();

  constructor({ waitMs = defaultWaitMs, maxEnds = defaultMaxEnds }: EndsOptions = {}) {
    this.#waitMs = waitMs;
    this.#maxEnds = maxEnds;
  }

  /** Fault `exhausted`. */
  open({ opener, peer }: EndRequest): WaitingEnd {
    if (this.#waiting.size >= this.#maxEnds) {
      throw new Fault('exhausted', `${this.#maxEnds} transfers wait for another server already`);
    }
    const secret = newSecret();
    const hash = hashOfSecret(secret);
    const { promise, resolve, reject } = Promise.withResolvers<Channel>();
    promise.catch(() => {}); // whoever waits for it looks
    const giveUp = (fault: Fault) => {
      this.#remove(hash);
      reject(fault);
    };
    const late = () => giveUp(new Fault('timed-out', `No other server came for it in ${this.#waitMs / 1000} seconds`));
    const timer = setTimeout(late, this.#waitMs).unref();
    this.#waiting.set(hash, { opener, peer, connect: resolve, giveUp, timer });
    return {
      secret,
      connected: async (task) => {
        try {
          return await untilAborted(promise, task.signal);
        } catch (error) {
          giveUp(Fault.from(error));
          // It may have been connected a moment before.
          promise.then((channel) => channel.fail(Fault.from(error))).catch(() => {});
          throw error;
        }
      },
    };
  }

  /** Fault `forbidden` unless there is an end of that secret which this client has opened. It stays. */
  check(secret: string, opener: Party): void {
    if (this.#waiting.get(hashOfSecret(secret))?.opener !== opener) throw unknown();
  }

  /**
   * Takes the end of a secret, which is worth nothing from then on. Call what this returns with the connection. Fault
   * `forbidden`: a secret that is wrong, used or late, or is not for this party.
   */
  take(secret: string, party: Party): (channel: Channel) => void {
    const hash = hashOfSecret(secret);
    const end = this.#waiting.get(hash);
    // A secret in the wrong hands is still one that its owner can use.
    if (end === undefined || party === '' || (end.opener !== party && end.peer !== party)) throw unknown();
    this.#remove(hash);
    return end.connect;
  }

  #remove(hash: string): void {
    clearTimeout(this.#waiting.get(hash)?.timer);
    this.#waiting.delete(hash);
  }
}

function unknown(): Fault {
  return new Fault('forbidden', 'The secret of the transfer is not known here: it is wrong, was used or came too late');
}

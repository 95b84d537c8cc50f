import { ProtocolError } from './frame.ts';

/** What may be granted and not yet used, per channel: the receiver may have to hold that much. */
export const maxCreditBytes = 16 * 1024 * 1024;

/**
 * The window of one channel in one direction, kept by both ends alike: the receiver's grants raise it, what is sent
 * lowers it. The sender stops at zero; a receiver whose count would fall below zero has a peer that breaks the protocol.
 */
export class Credit {
  #available = 0;

  get available(): number {
    return this.#available;
  }

  /** Throws a ProtocolError when more would be outstanding than anybody may grant, or nothing was granted. */
  grant(bytes: number): void {
    if (!Number.isSafeInteger(bytes) || bytes <= 0 || this.#available + bytes > maxCreditBytes) {
      throw new ProtocolError(`A window of ${bytes} bytes on top of ${this.#available}`);
    }
    this.#available += bytes;
  }

  /** Throws a ProtocolError when it was not granted. */
  use(bytes: number): void {
    if (bytes > this.#available) throw new ProtocolError(`${bytes} bytes with a window of ${this.#available}`);
    this.#available -= bytes;
  }
}

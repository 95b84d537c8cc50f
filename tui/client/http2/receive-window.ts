/**
 * What a server may send before we have read it: of a stream, or of a connection.
 * https://www.rfc-editor.org/rfc/rfc9113#section-5.2
 */
export class ReceiveWindow {
  readonly #size: number;
  #left: number;
  #read = 0;

  constructor(size: number) {
    this.#size = size;
    this.#left = size;
  }

  /** Throws a RangeError when more comes than may. */
  receive(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new RangeError('The server sends more than it may');
  }

  /** These have been read. Returns by how much the server is to be told to go on: 0, not yet. */
  read(bytes: number): number {
    this.#read += bytes;
    if (this.#read < this.#size / 2) return 0;
    const increment = this.#read;
    this.#left += increment;
    this.#read = 0;
    return increment;
  }
}

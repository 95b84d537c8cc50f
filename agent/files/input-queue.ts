import { Credit } from '../../proto/agent/credit.ts';

/** What may be on its way and not yet written. */
const windowBytes = 1024 * 1024;

/** What comes for one session, at the pace of who takes it. */
export class InputQueue {
  readonly #credit = new Credit();
  readonly #grant: (bytes: number) => void;
  readonly #chunks: Buffer[] = [];
  #owed = windowBytes;
  #ended = false;
  #wake: (() => void) | undefined;

  /** `grant` tells the sender. */
  constructor(grant: (bytes: number) => void) {
    this.#grant = grant;
  }

  /** The first grant. */
  open(): void {
    this.#pay();
  }

  /** Throws a ProtocolError when it was not granted. */
  push(data: Buffer): void {
    this.#credit.use(data.length);
    this.#chunks.push(data);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *chunks(): AsyncGenerator<Buffer, void> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        yield chunk;
        this.#owed += chunk.length;
        if (this.#owed >= windowBytes / 4) this.#pay();
      } else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #pay(): void {
    this.#credit.grant(this.#owed);
    this.#grant(this.#owed);
    this.#owed = 0;
  }
}

import { PassThrough, type Readable } from 'node:stream';

/** stdin as far as it is needed here. */
export interface RawInput extends Readable {
  setRawMode(raw: boolean): unknown;
}

/**
 * What is typed, for one reader at a time: the screen, or a session that has the terminal for itself. Two who listen to
 * one stdin would take keys from each other, and Ink turns it into text for good.
 */
export class KeySource {
  readonly #stdin: RawInput;
  readonly screen: ScreenKeys;
  #reader: PassThrough;

  constructor(stdin: RawInput) {
    this.#stdin = stdin;
    this.screen = new ScreenKeys(stdin);
    this.#reader = this.screen;
    stdin.on('data', this.#pass);
    stdin.on('end', () => this.#reader.end());
    // A terminal that is gone cannot be read: SIGHUP tells of it too.
    stdin.on('error', () => {});
  }

  /** What is typed from now on, until it is disposed of. */
  divert(): Disposable & { readonly keys: Readable } {
    const keys = new PassThrough();
    this.#reader = keys;
    return {
      keys,
      [Symbol.dispose]: () => {
        this.#reader = this.screen;
        keys.end();
        this.#stdin.resume();
      },
    };
  }

  /** Leaves what is typed to another program until it is disposed of. */
  lend(): Disposable {
    this.#stdin.pause();
    return { [Symbol.dispose]: () => void this.#stdin.resume() };
  }

  stop(): void {
    this.#stdin.off('data', this.#pass);
    this.#stdin.pause();
  }

  readonly #pass = (chunk: Buffer): void => {
    const reader = this.#reader;
    if (reader.write(chunk)) return;
    this.#stdin.pause();
    reader.once('drain', () => {
      if (this.#reader === reader) this.#stdin.resume();
    });
  };
}

/** What Ink takes for its stdin. */
export class ScreenKeys extends PassThrough {
  readonly isTTY = true;
  readonly #stdin: RawInput;

  constructor(stdin: RawInput) {
    super();
    this.#stdin = stdin;
  }

  setRawMode(raw: boolean): this {
    this.#stdin.setRawMode(raw);
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

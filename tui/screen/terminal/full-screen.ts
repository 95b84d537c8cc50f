import type { RawInput } from './key-source.ts';

/** DEC private modes 1049 (the other screen, with the cursor's place kept) and 25 (the cursor is shown). */
const enter = '\x1b[?1049h\x1b[?25l\x1b[2J\x1b[H';
const leave = '\x1b[?1049l\x1b[?25h';

/**
 * The terminal as the screen needs it: its other screen, no cursor, keys as they are typed. Whatever ends the process,
 * short of what no process notices, the terminal is as it was.
 */
export class FullScreen implements Disposable {
  readonly #input: RawInput;
  readonly #write: (text: string) => void;
  #isTaken = false;

  constructor(input: RawInput, write: (text: string) => void) {
    this.#input = input;
    this.#write = write;
    process.on('exit', this.#leave);
  }

  take(): void {
    this.#input.setRawMode(true);
    this.#isTaken = true;
    this.#write(enter);
  }

  /** The other screen goes; what keys are to be read as is left to who gets the terminal. */
  give(): void {
    this.#leave();
  }

  /** As it must be, after somebody may have changed it unseen: whoever stopped and continued this process. */
  retake(): void {
    if (!this.#isTaken) return;
    this.#input.setRawMode(false);
    this.take();
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#leave);
    this.#leave();
    this.#input.setRawMode(false);
  }

  readonly #leave = (): void => {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.#write(leave);
  };
}

import { printable } from '../output/printable.ts';
import type { TerminalOutput } from './terminal.ts';

/** What is being done, for people who wait: one line on a TTY that is written anew, plain lines elsewhere. */
export class ProgressLine {
  readonly #output: TerminalOutput;
  readonly #plainLines: boolean;
  #shown = '';

  /** With `plainLines`, each new text is a line of its own when the output is no TTY; else nothing is shown there. */
  constructor(output: TerminalOutput, options: { plainLines: boolean }) {
    this.#output = output;
    this.#plainLines = options.plainLines;
  }

  /** `stage` is what is done; `amount` how far it is, which alone never makes a new plain line. */
  async show(stage: string, amount = ''): Promise<void> {
    if (!this.#output.isTty) {
      const line = printable(stage);
      if (!this.#plainLines || line === this.#shown) return;
      this.#shown = line;
      await this.#output.write(`${line}\n`);
      return;
    }
    const columns = this.#output.size()?.columns ?? 80;
    const line = printable(amount === '' ? stage : `${stage}: ${amount}`).slice(0, Math.max(1, columns - 1));
    if (line === this.#shown) return;
    this.#shown = line;
    await this.#output.write(`\r\x1b[K${line}`);
  }

  /** Takes the line away. */
  async clear(): Promise<void> {
    if (this.#shown !== '' && this.#output.isTty) await this.#output.write('\r\x1b[K');
    this.#shown = '';
  }
}

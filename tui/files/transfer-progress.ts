import type { Context } from '../commands/command.ts';
import { byteSize } from '../output/units.ts';
import { ProgressLine } from '../terminal/progress.ts';

const intervalMs = 100;

/** How far a transfer is: one line on a TTY, nothing elsewhere. */
export class TransferProgress {
  readonly #line: ProgressLine | undefined;
  readonly #stage: string;
  readonly #started = performance.now();
  #shownAt = performance.now();
  #bytes = 0;
  #total: number | undefined;

  constructor({ terminal, global }: Context, stage: string) {
    this.#stage = stage;
    if (terminal.error.isTty && !global.quiet) this.#line = new ProgressLine(terminal.error, { plainLines: false });
  }

  /** What there is to transfer, when that is known. */
  expect(bytes: number): void {
    this.#total = bytes;
  }

  async add(bytes: number): Promise<void> {
    this.#bytes += bytes;
    const now = performance.now();
    if (this.#line === undefined || now - this.#shownAt < intervalMs) return;
    this.#shownAt = now;
    const speed = `${byteSize(Math.round((this.#bytes * 1000) / (now - this.#started)))}/s`;
    const done =
      this.#total === undefined || this.#total === 0
        ? byteSize(this.#bytes)
        : `${Math.min(100, Math.floor((this.#bytes * 100) / this.#total))}%`;
    await this.#line.show(this.#stage, `${done} (${speed})`);
  }

  async clear(): Promise<void> {
    await this.#line?.clear();
  }
}

import type { ExecFrame } from './exec-session.ts';

type OutputChannel = 'stdout' | 'stderr';

/** Frames below this size are gathered while nobody takes them: a million of one byte must not cost a million objects. */
const blockBytes = 64 * 1024;

interface Block {
  readonly order: number;
  readonly bytes: Buffer;
  used: number;
}

/**
 * What came from an agent and was not yet taken: as many bytes as were granted, whatever pieces they came in. Within a
 * channel in order; the exit status, or the failure, after everything else.
 */
export class FrameQueue {
  readonly #blocks = { stdout: [] as Block[], stderr: [] as Block[] };
  #order = 0;
  #stdinWindow = 0;
  #end: { readonly exit: ExecFrame & { type: 'exit' } } | { readonly failure: Error } | undefined;
  #wake: (() => void) | undefined;

  push(channel: OutputChannel, data: Buffer): void {
    const blocks = this.#blocks[channel];
    const last = blocks.at(-1);
    if (last !== undefined && last.used + data.length <= last.bytes.length) {
      last.used += data.copy(last.bytes, last.used);
    } else if (last === undefined || data.length >= blockBytes / 2) {
      blocks.push({ order: this.#order++, bytes: data, used: data.length });
    } else {
      const bytes = Buffer.allocUnsafe(blockBytes);
      blocks.push({ order: this.#order++, bytes, used: data.copy(bytes) });
    }
    this.#wake?.();
  }

  pushStdinWindow(bytes: number): void {
    this.#stdinWindow += bytes;
    this.#wake?.();
  }

  /** The last; whatever comes after it is ignored. */
  end(end: { exit: ExecFrame & { type: 'exit' } } | { failure: Error }): void {
    this.#end ??= end;
    this.#wake?.();
  }

  /** Until the exit frame; throws the failure. */
  async *frames(): AsyncGenerator<ExecFrame, void, void> {
    for (;;) {
      const frame = this.#shift();
      if (frame !== undefined) {
        yield frame;
      } else if (this.#end !== undefined) {
        if ('failure' in this.#end) throw this.#end.failure;
        yield this.#end.exit;
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
      }
    }
  }

  #shift(): ExecFrame | undefined {
    if (this.#stdinWindow > 0) {
      const bytes = this.#stdinWindow;
      this.#stdinWindow = 0;
      return { type: 'stdin-window', bytes };
    }
    const [out, err] = [this.#blocks.stdout[0], this.#blocks.stderr[0]];
    const type = out !== undefined && (err === undefined || out.order < err.order) ? 'stdout' : 'stderr';
    const block = this.#blocks[type].shift();
    return block === undefined ? undefined : { type, data: block.bytes.subarray(0, block.used) };
  }
}

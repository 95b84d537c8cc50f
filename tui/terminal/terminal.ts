import type { Readable } from 'node:stream';

/** The surroundings of a command: its three streams and the signals of its process. `main.ts` makes the real one. */
export interface Terminal {
  readonly input: TerminalInput;
  readonly output: TerminalOutput;
  readonly error: TerminalOutput;
  /** Calls `handler` instead of the signal's default action until the returned function is called. */
  onSignal(signal: NodeJS.Signals, handler: () => void): () => void;
  /** Calls `handler` when the process ends, however it does. */
  onExit(handler: () => void): () => void;
}

export interface TerminalInput {
  readonly isTty: boolean;
  /** What stdin is: only some kinds can hold a document for a command. */
  readonly kind: 'tty' | 'file' | 'pipe' | 'other';
  /** For a file: whether nobody has read of it yet. */
  readonly atStart: boolean;
  /** Bytes as they come. Reading starts with the first use. */
  stream(): Readable;
  /** Passes keys on as they are typed. Only on a TTY. */
  setRaw(raw: boolean): void;
}

export interface TerminalOutput {
  readonly isTty: boolean;
  /** Resolves when the system has taken the bytes. Rejects with `OutputClosed` once nobody reads any more. */
  write(data: string | Uint8Array): Promise<void>;
  /** Columns and rows of the TTY; undefined for anything else. */
  size(): { readonly columns: number; readonly rows: number } | undefined;
}

/** The reader of stdout or stderr has gone: `yurt list | head -1`. Ends the program without a word. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

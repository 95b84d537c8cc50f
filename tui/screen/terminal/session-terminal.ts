import type { Readable } from 'node:stream';
import type { Terminal, TerminalInput, TerminalOutput } from '../../terminal/terminal.ts';
import type { KeySource } from './key-source.ts';
import { LeaveKeys } from './leave-keys.ts';

/**
 * What a program in an instance may have left on: the other screen, mouse reports (1000 to 1006, 1015), focus reports,
 * bracketed paste, application keys, colours, a hidden cursor, a scroll region. DEC and xterm control sequences. What is
 * written to the terminal later, when the screen was left, begins a line of its own.
 */
export const resetModes =
  '\x1b[?1049l\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?2004l' +
  '\x1b[?1l\x1b>\x1b[?7h\x1b[?25h\x1b[0m\x1b[4l\x1b[r\x1b[9999;1H\x0f\r\n';

/** The terminal for a session inside an instance, for as long as that lasts. */
export class SessionTerminal implements Terminal, Disposable {
  readonly input: TerminalInput;
  readonly output: TerminalOutput;
  readonly error: TerminalOutput;
  readonly #real: Terminal;
  readonly #diverted;
  readonly #hangUps = new Set<() => void>();

  constructor(real: Terminal, keys: KeySource) {
    this.#real = real;
    this.#diverted = keys.divert();
    this.output = real.output;
    this.error = real.error;
    const stream: Readable = this.#diverted.keys.pipe(new LeaveKeys(() => this.hangUp()));
    this.input = {
      ...{ isTty: true, kind: 'tty', atStart: false },
      stream: () => stream,
      setRaw: (raw) => real.input.setRaw(raw),
    };
  }

  /** Ends the session as a terminal does that goes away. */
  hangUp(): void {
    for (const handler of [...this.#hangUps]) handler();
  }

  onSignal(signal: NodeJS.Signals, handler: () => void): () => void {
    const off = this.#real.onSignal(signal, handler);
    if (signal !== 'SIGHUP') return off;
    this.#hangUps.add(handler);
    return () => {
      this.#hangUps.delete(handler);
      off();
    };
  }

  onExit(handler: () => void): () => void {
    return this.#real.onExit(handler);
  }

  [Symbol.dispose](): void {
    this.#diverted[Symbol.dispose]();
  }
}

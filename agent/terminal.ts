import { fchownSync } from 'node:fs';
import type { TerminalSize } from '../proto/agent/messages.ts';

/** What is used of node-pty: its native half. The other half would end a session 200 ms after its command, read or not. */
export interface PtyModule {
  /** openpty(3). Both non-blocking, neither close-on-exec. */
  open(columns: number, rows: number): { master: number; slave: number; pty: string };
  /** TIOCSWINSZ. */
  resize(fd: number, columns: number, rows: number): void;
}

export interface Terminal {
  readonly master: number;
  /** For the command; the caller closes it. */
  readonly slave: number;
}

/** A terminal in the instance's own devpts, of the given size before anything runs on it, owned by `user`. */
export function openTerminal(pty: PtyModule, size: TerminalSize, user: number): Terminal {
  const { master, slave } = pty.open(size.columns, size.rows);
  fchownSync(slave, user, -1); // its group stays the one that devpts gave it (tty)
  return { master, slave };
}

import { constants } from 'node:os';
import type { Terminal } from '../terminal/terminal.ts';

/**
 * Signals that the command gets instead of `yurt`. Those of job control (TSTP, TTIN, TTOU) keep their meaning for
 * `yurt`: it stops, its windows fill, the command waits.
 */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGABRT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

/** Calls `send` with the number of each signal, as in signal(7), until the returned function is called. */
export function forwardSignals(terminal: Terminal, send: (number: number) => void): () => void {
  const off = forwarded.map((signal) => terminal.onSignal(signal, () => send(constants.signals[signal])));
  return () => {
    for (const remove of off) remove();
  };
}

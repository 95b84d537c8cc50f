import type { Terminal } from '../terminal/terminal.ts';

/** Passes keys on as they are typed until it is disposed of, or the process ends in whatever way it can see. */
export function rawMode(terminal: Terminal): Disposable {
  terminal.input.setRaw(true);
  const restore = () => terminal.input.setRaw(false);
  const off = terminal.onExit(restore);
  return {
    [Symbol.dispose]() {
      off();
      restore();
    },
  };
}

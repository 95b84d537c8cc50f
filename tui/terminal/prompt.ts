import { Failure } from '../client/failure.ts';
import { printable } from '../output/printable.ts';
import type { Terminal } from './terminal.ts';

/** Asks a yes-or-no question on the terminal; an empty answer means `preset`. End of input fails, Ctrl-C exits 130. */
export async function confirm(terminal: Terminal, question: string, preset: boolean): Promise<boolean> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: terminal.input.stream(), terminal: false });
  const interrupted = new AbortController();
  const off = terminal.onSignal('SIGINT', () => interrupted.abort());
  try {
    const answers = lines[Symbol.asyncIterator]();
    for (;;) {
      await terminal.error.write(`${printable(question)} (yes/no) [default=${preset ? 'yes' : 'no'}]: `);
      const answer = await Promise.race([answers.next(), aborted(interrupted.signal)]);
      if (answer === undefined) throw new Failure('', { exitCode: 130 });
      if (answer.done === true) throw new Failure('No answer was given');
      const word = answer.value.trim().toLowerCase();
      if (word === '') return preset;
      if (word === 'yes' || word === 'y') return true;
      if (word === 'no' || word === 'n') return false;
    }
  } finally {
    off();
    lines.close();
    terminal.input.stream().pause();
  }
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

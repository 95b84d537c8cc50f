import type { Interface } from 'node:readline';
import { Failure } from '../client/failure.ts';
import { printable } from '../output/printable.ts';
import type { Terminal } from './terminal.ts';

/** Asks questions on the terminal, one after the other. Dispose of it when all are answered. */
export class Questions implements Disposable {
  readonly #terminal: Terminal;
  #lines: Interface | undefined;
  #answers: AsyncIterator<string> | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** An empty answer means `preset`. Throws a `Failure` at the end of input, and one that exits with 130 at Ctrl-C. */
  async confirm(question: string, preset: boolean): Promise<boolean> {
    for (;;) {
      const answer = await this.ask(`${question} (yes/no) [default=${preset ? 'yes' : 'no'}]: `);
      const word = answer.trim().toLowerCase();
      if (word === '') return preset;
      if (word === 'yes' || word === 'y') return true;
      if (word === 'no' || word === 'n') return false;
    }
  }

  /** An empty answer means `preset`. What `problemOf` finds wrong is said, and asked again. Throws as `confirm` does. */
  async answer(question: string, preset: string, problemOf: (answer: string) => string | undefined): Promise<string> {
    for (;;) {
      const given = (await this.ask(`${question} [default=${preset}]: `)).trim();
      const answer = given === '' ? preset : given;
      const problem = problemOf(answer);
      if (problem === undefined) return answer;
      await this.#terminal.error.write(`Invalid answer: ${printable(problem)}\n`);
    }
  }

  /** The line that answers. Throws a `Failure` at the end of input, and one that exits with 130 at Ctrl-C. */
  async ask(question: string): Promise<string> {
    const answers = await this.#open();
    const interrupted = Promise.withResolvers<undefined>();
    const off = this.#terminal.onSignal('SIGINT', () => interrupted.resolve(undefined));
    try {
      await this.#terminal.error.write(printable(question));
      const answer = await Promise.race([answers.next(), interrupted.promise]);
      if (answer === undefined) throw new Failure('', { exitCode: 130 });
      if (answer.done === true) throw new Failure('No answer was given');
      return answer.value;
    } finally {
      off();
    }
  }

  [Symbol.dispose](): void {
    if (this.#lines === undefined) return;
    this.#lines.close();
    this.#terminal.input.stream().pause();
  }

  async #open(): Promise<AsyncIterator<string>> {
    if (this.#answers !== undefined) return this.#answers;
    const { createInterface } = await import('node:readline');
    this.#lines = createInterface({ input: this.#terminal.input.stream(), terminal: false });
    this.#answers = this.#lines[Symbol.asyncIterator]();
    return this.#answers;
  }
}

/** Waits for Enter on the terminal. Throws as `Questions.ask` does. */
export async function waitForEnter(terminal: Terminal, message: string): Promise<void> {
  using questions = new Questions(terminal);
  await questions.ask(message);
}

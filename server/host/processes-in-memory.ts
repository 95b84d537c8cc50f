import type { OwnProcess, Processes } from './processes.ts';

/** Processes that exist in a map only; every signal but SIGHUP ends them. */
export class ProcessesInMemory implements Processes {
  readonly running = new Map<number, readonly string[]>();
  /** Signals in the order in which they were sent: `SIGHUP 100`. */
  readonly signals: string[] = [];
  #nextPid = 100;

  start(argv: readonly string[]): number {
    this.#nextPid += 1;
    this.running.set(this.#nextPid, argv);
    return this.#nextPid;
  }

  runs(pid: number, argv: readonly string[]): boolean {
    return this.running.get(pid)?.join('\0') === argv.join('\0');
  }

  find(matches: (argv: readonly string[]) => boolean): OwnProcess[] {
    return [...this.running].map(([pid, argv]) => ({ pid, argv })).filter(({ argv }) => matches(argv));
  }

  signal(pid: number, argv: readonly string[], signal: 'SIGHUP' | 'SIGTERM' | 'SIGKILL'): boolean {
    if (!this.runs(pid, argv)) return false;
    this.signals.push(`${signal} ${pid}`);
    if (signal !== 'SIGHUP') this.running.delete(pid);
    return true;
  }
}

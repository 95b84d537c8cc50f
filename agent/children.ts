import { readdirSync, readFileSync } from 'node:fs';
import { type ProcessEnd, reapProcess, type SpawnRequest, spawnProcess } from '../native/spawn.ts';

const SIGKILL = 9;
/** Whoever forks while its session is being killed is caught by the next look at the process table. */
const maxKillRounds = 10;

/** The processes that this one has started and not yet reaped. */
export class Children {
  readonly #ends = new Map<number, (end: ProcessEnd) => void>();
  readonly #onSignal = () => this.#reap();

  constructor() {
    process.on('SIGCHLD', this.#onSignal);
  }

  /** Throws a SystemError. `onEnd` comes later than the return. */
  start(request: SpawnRequest, onEnd: (end: ProcessEnd) => void): number {
    const pid = spawnProcess(request);
    this.#ends.set(pid, onEnd);
    return pid;
  }

  /** Signals the process group that the child leads; the child alone if it has left that. Nothing once it is reaped. */
  signal(pid: number, signal: number): void {
    if (!this.#ends.has(pid)) return;
    if (!tryKill(-pid, signal)) tryKill(pid, signal);
  }

  /** Kills the child and every process of the session that it leads, also those in other process groups. */
  killSession(pid: number): void {
    if (!this.#ends.has(pid)) return; // reaped: the number may be another's by now
    for (let round = 0; round < maxKillRounds; round++) {
      const killed = membersOf(pid).filter((member) => tryKill(member, SIGKILL));
      if (killed.length === 0) break;
    }
    this.signal(pid, SIGKILL);
  }

  close(): void {
    process.off('SIGCHLD', this.#onSignal);
  }

  #reap(): void {
    for (const [pid, onEnd] of [...this.#ends]) {
      const end = reapProcess(pid);
      if (end === undefined) continue;
      this.#ends.delete(pid);
      onEnd(end);
    }
  }
}

/** Living processes whose session is `session`; none where there is no /proc. */
function membersOf(session: number): number[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  return names.filter((name) => /^\d+$/.test(name) && sessionOf(name) === session).map(Number);
}

/** proc_pid_stat(5): after the name in parentheses come state, parent, process group, session. */
function sessionOf(pid: string): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, , , session] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : Number(session);
  } catch {
    return undefined; // it has ended
  }
}

function tryKill(pid: number, signal: number): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false; // it has ended
  }
}

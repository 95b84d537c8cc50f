import { readdirSync, readFileSync } from 'node:fs';
import { becomeSubreaper, reapChild } from '../../native/process.ts';

/** A dead child that is still there after so long is none of those that Node itself waits for. */
const strangerAfterMs = 250;

/**
 * Takes in the processes that programs of the server leave behind (conmon, commands inside instances, dnsmasq), and lets them
 * go when they end. Otherwise that is the host's init's work, and some are slow at it: the process namespace of an
 * instance, and with it its init, cannot end while one of its processes waits to be reaped. In a container the server
 * may even be process 1 itself.
 */
export class Orphans implements Disposable {
  readonly #adopted = new Set<number>();
  readonly #onChild = () => this.#reap();
  #sweep: NodeJS.Timeout | undefined;

  constructor() {
    becomeSubreaper();
    process.on('SIGCHLD', this.#onChild);
  }

  /** `pid` is an orphan that nobody but this object waits for: it is let go the moment it ends. A stranger is ignored. */
  adopt(pid: number): void {
    // Only a living child is remembered: its number means nobody else until it has been let go.
    if (reapChild(pid) === 'alive') this.#adopted.add(pid);
  }

  [Symbol.dispose](): void {
    process.off('SIGCHLD', this.#onChild);
    clearTimeout(this.#sweep);
  }

  #reap(): void {
    for (const pid of this.#adopted) if (reapChild(pid) !== 'alive') this.#adopted.delete(pid);
    this.#sweep ??= setTimeout(() => this.#findStrangers(new Set()), strangerAfterMs).unref();
  }

  /** Dead children that were dead the last time already are strangers; Node lets its own go at once. */
  #findStrangers(before: ReadonlySet<number>): void {
    this.#sweep = undefined;
    const dead = new Set(deadChildren());
    for (const pid of dead) if (before.has(pid) && reapChild(pid) === 'reaped') dead.delete(pid);
    if (dead.size > 0) this.#sweep = setTimeout(() => this.#findStrangers(dead), strangerAfterMs).unref();
  }
}

/** proc_pid_children(5): of every thread, because the main one need not be who started a child. */
function deadChildren(): number[] {
  const children = readdirSync('/proc/self/task').flatMap((thread) =>
    read(`/proc/self/task/${thread}/children`).split(' '),
  );
  return children.filter((pid) => pid !== '' && /\) Z /.test(read(`/proc/${pid}/stat`))).map(Number);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return ''; // the thread or process has ended
  }
}

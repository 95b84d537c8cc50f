import { open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** The kernel goes back to waiting about two grace periods after the last move, 10 ms and more: each of ours comes sooner. */
const intervalMs = 4;
/** Whoever forgets to dispose does not keep the kernel in its dearer state for ever. */
const maxQuickMs = 2_000;

/**
 * Quick moves of processes between cgroups. The first move in a while waits for an RCU grace period, 6-16 ms, and those
 * that soon follow do not (cgroup_threadgroup_rwsem, kernel/rcu/sync.c). To start a container takes two: that of conmon
 * and that of the runtime. Whoever is about to start one has the wait done beside other work.
 */
export class CgroupMoves {
  readonly #root: string | undefined;
  #holders = 0;
  #working = false;

  /** `root`: where the v2 tree is mounted. Without one there are no quick moves. */
  constructor(root: string | undefined) {
    this.#root = root;
  }

  /** From about 10 ms after the call until the result is disposed of, moves are quick. Never fails. */
  quicken(): Disposable {
    this.#holders += 1;
    let held = true;
    if (!this.#working && this.#root !== undefined) void this.#work(this.#root).catch(() => {});
    return {
      [Symbol.dispose]: () => {
        if (held) this.#holders -= 1;
        held = false;
      },
    };
  }

  async #work(root: string): Promise<void> {
    this.#working = true;
    try {
      const until = performance.now() + maxQuickMs;
      while (this.#holders > 0 && performance.now() < until) {
        await moveNowhere(root);
        await delay(intervalMs);
      }
    } finally {
      this.#working = false;
    }
  }
}

/** Moves this process to the cgroup that it is in (0 is the writer): all that happens is the wait. */
async function moveNowhere(root: string): Promise<void> {
  const own = /^0::(\/.*)$/m.exec(await readFile('/proc/self/cgroup', 'utf8'))?.[1];
  if (own === undefined) return;
  await using file = await open(`${root}${own}/cgroup.procs`, 'w');
  await file.write('0');
}

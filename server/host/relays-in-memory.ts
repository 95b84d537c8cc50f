import type { Task } from '../base/task.ts';
import type { RelayRequest, Relays } from './relays.ts';

/** Relays that exist in a set only. `effect` and `removal` are called before each change and may throw. */
export class RelaysInMemory implements Relays {
  readonly #effect: (what: string) => void;
  readonly #removal: () => void;
  readonly #running = new Set<string>();

  constructor(effect: (what: string) => void = () => {}, removal: () => void = () => {}) {
    this.#effect = effect;
    this.#removal = removal;
  }

  /** Their cgroups. */
  list(): string[] {
    return [...this.#running];
  }

  async start(_task: Task, _pid: number, request: RelayRequest): Promise<void> {
    this.#effect('start a relay');
    this.#running.add(request.cgroup);
  }

  async isRunning(cgroup: string): Promise<boolean> {
    return this.#running.has(cgroup);
  }

  async stop(cgroup: string): Promise<void> {
    this.#removal();
    this.#running.delete(cgroup);
  }
}

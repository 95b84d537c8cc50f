import { Fault } from '../base/fault.ts';
import type { DeviceNodes, NodeNumbers } from './device-nodes.ts';

/** Device nodes that exist in a set only. `effect` and `removal` are called before each change and may throw. */
export class DeviceNodesInMemory implements DeviceNodes {
  /** Paths of the host that do not exist. */
  readonly missing = new Set<string>();
  readonly #effect: (what: string) => void;
  readonly #removal: () => void;
  readonly #made = new Set<string>();

  constructor(effect: (what: string) => void = () => {}, removal: () => void = () => {}) {
    this.#effect = effect;
    this.#removal = removal;
  }

  list(): string[] {
    return [...this.#made];
  }

  async numbersOf(path: string): Promise<NodeNumbers> {
    const isOwn = path.endsWith('.node');
    if (this.missing.has(path) || (isOwn && !this.#made.has(path)))
      throw new Fault('not-found', `${path} does not exist`);
    return { major: 1, minor: 3 };
  }

  async make(path: string): Promise<void> {
    this.#effect('make a node');
    this.#made.add(path);
  }

  async remove(path: string): Promise<void> {
    this.#removal();
    this.#made.delete(path);
  }
}

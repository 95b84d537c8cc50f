import { Fault } from '../base/fault.ts';
import type { DeviceNode, DeviceNodes, NodeNumbers } from './device-nodes.ts';

/** Device nodes that exist in a set only. `effect` and `removal` are called before each change and may throw. */
export class DeviceNodesInMemory implements DeviceNodes {
  /** Paths of the host that do not exist. */
  readonly missing = new Set<string>();
  readonly #effect: (what: string) => void;
  readonly #removal: () => void;
  readonly #made = new Map<string, NodeNumbers>();

  constructor(effect: (what: string) => void = () => {}, removal: () => void = () => {}) {
    this.#effect = effect;
    this.#removal = removal;
  }

  list(): string[] {
    return [...this.#made.keys()];
  }

  async numbersOf(path: string): Promise<NodeNumbers> {
    const isOwn = path.endsWith('.node');
    if (this.missing.has(path) || (isOwn && !this.#made.has(path)))
      throw new Fault('not-found', `${path} does not exist`);
    return this.#made.get(path) ?? { major: 10, minor: path.length };
  }

  async make(path: string, { major, minor }: DeviceNode): Promise<void> {
    this.#effect('make a node');
    this.#made.set(path, { major, minor });
  }

  async count(directory: string, { major, minor }: NodeNumbers): Promise<number> {
    const made = [...this.#made].filter(([path]) => path.startsWith(`${directory}/`));
    return made.filter(([, numbers]) => numbers.major === major && numbers.minor === minor).length;
  }

  async remove(path: string): Promise<void> {
    this.#removal();
    this.#made.delete(path);
  }
}

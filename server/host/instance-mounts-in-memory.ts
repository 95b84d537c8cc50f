import { Fault } from '../base/fault.ts';
import type { IdMap } from '../base/id-map.ts';
import type { InstanceMount, InstanceMounts } from './instance-mounts.ts';

/** Mounts in instances that exist in a map only. `effect` and `removal` are called before each change and may throw. */
export class InstanceMountsInMemory implements InstanceMounts {
  /** Paths of the host that do not exist. */
  readonly missing = new Set<string>();
  readonly #effect: (what: string) => void;
  readonly #removal: () => void;
  readonly #mounts = new Map<string, string>();

  constructor(effect: (what: string) => void = () => {}, removal: () => void = () => {}) {
    this.#effect = effect;
    this.#removal = removal;
  }

  /** `TARGET` of each mount, in the order of mounting. */
  list(): string[] {
    return [...this.#mounts.values()];
  }

  async checkSource(path: string): Promise<string> {
    if (this.missing.has(path)) throw new Fault('not-found', `${path} does not exist`);
    return path;
  }

  async attach(_pid: number, _idMap: IdMap, mount: InstanceMount, receipt: string): Promise<void> {
    this.#effect('mount inside');
    if (this.#mounts.has(receipt)) throw new Fault('internal', `${mount.target} is mounted twice`);
    this.#mounts.set(receipt, mount.target);
  }

  async isAttached(receipt: string): Promise<boolean> {
    return this.#mounts.has(receipt);
  }

  async detach(_pid: number | undefined, _target: string, receipt: string): Promise<void> {
    this.#removal();
    this.#mounts.delete(receipt);
  }
}

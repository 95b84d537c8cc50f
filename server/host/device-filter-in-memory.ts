import type { DeviceAccess, DeviceFilter } from './device-filter.ts';

/** A filter that exists in a set only. `effect` and `removal` are called before each change and may throw. */
export class DeviceFilterInMemory implements DeviceFilter {
  isLive = true;
  readonly allowed = new Set<string>();
  readonly #effect: (what: string) => void;
  readonly #removal: () => void;

  constructor(effect: (what: string) => void = () => {}, removal: () => void = () => {}) {
    this.#effect = effect;
    this.#removal = removal;
  }

  async allow(cgroup: string, device: DeviceAccess): Promise<void> {
    this.#effect('allow a device');
    this.allowed.add(keyOf(cgroup, device));
  }

  async deny(cgroup: string, device: DeviceAccess): Promise<void> {
    this.#removal();
    this.allowed.delete(keyOf(cgroup, device));
  }
}

function keyOf(cgroup: string, { nodeType, major, minor }: DeviceAccess): string {
  return `${nodeType} ${major}:${minor} in ${cgroup}`;
}

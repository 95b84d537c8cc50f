import type { DeviceRuns } from './device-runs.ts';

/** What devices are made of, in a map. `effect` and `removal` are called before each change and may throw. */
export class DeviceRunsInMemory implements DeviceRuns {
  readonly #effect: (what: string) => void;
  readonly #removal: () => void;
  readonly #records = new Map<string, Map<string, string>>();

  constructor(effect: (what: string) => void = () => {}, removal: () => void = () => {}) {
    this.#effect = effect;
    this.#removal = removal;
  }

  async instances(): Promise<string[]> {
    return [...this.#records.keys()];
  }

  async keys(instance: string): Promise<string[]> {
    return [...(this.#records.get(instance)?.keys() ?? [])];
  }

  async read(instance: string, key: string): Promise<unknown> {
    const text = this.#records.get(instance)?.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async write(instance: string, key: string, record: unknown): Promise<void> {
    this.#effect('note a device');
    const records = this.#records.get(instance) ?? new Map<string, string>();
    records.set(key, JSON.stringify(record));
    this.#records.set(instance, records);
  }

  directory(instance: string, key: string): string {
    return `/run/devices/${instance}/${key}`;
  }

  async remove(instance: string, key: string): Promise<void> {
    this.#removal();
    const records = this.#records.get(instance);
    records?.delete(key);
    if (records?.size === 0) this.#records.delete(instance);
  }
}

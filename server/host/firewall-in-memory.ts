import type { Firewall } from './firewall.ts';

/** Tables that exist in a map only. `effect` is called before each change and may throw in its place. */
export class FirewallInMemory implements Firewall {
  readonly tables = new Map<string, string>();
  readonly #effect: (what: string) => void;

  constructor(effect: (what: string) => void = () => {}) {
    this.#effect = effect;
  }

  async list(table: string): Promise<string | undefined> {
    return this.tables.get(table);
  }

  async replace(table: string, body: string): Promise<void> {
    this.#effect('replace table');
    this.tables.set(table, body);
  }

  async remove(table: string): Promise<void> {
    this.#effect('remove table');
    this.tables.delete(table);
  }
}

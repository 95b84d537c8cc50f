import type { LinkRates } from './link-rates.ts';

/** Rates that exist in a map only. `effect` is called before each change and may throw in its place. */
export class LinkRatesInMemory implements LinkRates {
  /** Bits per second, by link. */
  readonly rates = new Map<string, number>();
  readonly #effect: (what: string) => void;

  constructor(effect: (what: string) => void = () => {}) {
    this.#effect = effect;
  }

  async limit(link: string, bitsPerSecond: number | undefined): Promise<void> {
    this.#effect('limit link');
    if (bitsPerSecond === undefined) this.rates.delete(link);
    else this.rates.set(link, bitsPerSecond);
  }
}

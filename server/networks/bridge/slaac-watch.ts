import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../base/log.ts';
import type { AddressProbe } from '../../host/address-probe.ts';

/** A guest that is not there yet is looked for after these pauses, then at the last one for as long as it takes. */
const pausesMs = [0, 0, 1000, 2000, 5000, 10_000, 30_000, 60_000];

/**
 * Finds out which guests really have the address that a MAC address stands for, so that DNS answers AAAA only with
 * addresses that answer: a guest may have IPv6 switched off or make its address in another way (RFC 7217). One
 * datagram at a time for each guest, until it is found.
 */
export class SlaacWatch {
  readonly #probe: AddressProbe;
  readonly #log: Log;
  readonly #searches = new Map<string, AbortController>();

  constructor(probe: AddressProbe, log: Log) {
    this.#probe = probe;
    this.#log = log;
  }

  /** Starts looking for `address`; `found` runs once. A search under the same key gives way. */
  search(key: string, address: string, found: () => Promise<void>): void {
    this.cancel(key);
    const controller = new AbortController();
    this.#searches.set(key, controller);
    this.#search(address, controller.signal, found)
      .catch((error) => {
        if (!controller.signal.aborted)
          this.#log.warn({ err: error, address }, 'an IPv6 address could not be verified');
      })
      .finally(() => {
        if (this.#searches.get(key) === controller) this.#searches.delete(key);
      });
  }

  cancel(key: string): void {
    this.#searches.get(key)?.abort();
    this.#searches.delete(key);
  }

  close(): void {
    for (const key of [...this.#searches.keys()]) this.cancel(key);
  }

  async #search(address: string, signal: AbortSignal, found: () => Promise<void>): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const pauseMs = pausesMs[Math.min(attempt, pausesMs.length - 1)] ?? 0;
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal, ref: false });
      if ((await this.#probe(address, signal)) && !signal.aborted) {
        await found();
        return;
      }
    }
  }
}

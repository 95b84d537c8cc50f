import { type ConfigKey, checkConfig, withoutEmpty } from '../base/config-key.ts';
import { etagOf } from '../base/etag.ts';
import { checkExpiry } from '../base/expiry.ts';
import { Fault } from '../base/fault.ts';
import { checkListenAddress } from '../base/listen-address.ts';
import { Serial } from '../base/serial.ts';
import { Collection } from '../db/collection.ts';
import type { Store } from '../db/store.ts';
import type { Events } from '../events/events.ts';

type Config = Readonly<Record<string, string>>;

/** Every configuration key of the server itself. */
export const serverKeys: readonly ConfigKey[] = [
  {
    key: 'core.https_address',
    type: 'string',
    default: '',
    live: true,
    doc: 'Where the server listens for clients on the network: `:8443` for all addresses, `10.0.0.1:8443` or `[fd42::1]:8443` for one. Not set: nowhere.',
    check: checkListenAddress,
  },
  {
    key: 'core.remote_token_expiry',
    type: 'string',
    default: '15d',
    live: true,
    doc: 'How long a token of `yurt config trust add` can be used: `12H`, `1d 6H`, `2w`.',
    check: checkExpiry,
  },
  {
    key: 'user.*',
    type: 'string',
    default: '',
    live: true,
    doc: 'Anything; yurt stores it and does not read it.',
    check: () => undefined,
  },
];

/** What a key says, or what holds when it is not set. */
export function serverSetting(config: Config, key: string): string {
  return config[key] ?? serverKeys.find((entry) => entry.key === key)?.default ?? '';
}

/** A change that is made but not kept yet. */
export interface PreparedChange {
  commit(): Promise<void>;
  revert(): Promise<void>;
}

const id = 'config';

export interface ServerConfigDeps {
  readonly store: Store;
  readonly events: Pick<Events, 'lifecycle'>;
  /** Makes the server as the configuration says; a fault refuses it. */
  readonly prepare: (config: Config) => Promise<PreparedChange>;
}

/** The configuration of the server itself. */
export class ServerConfig {
  readonly #records: Collection<Config>;
  readonly #deps: ServerConfigDeps;
  readonly #serial = new Serial();

  constructor(deps: ServerConfigDeps) {
    this.#records = new Collection(deps.store, 'server/', parseConfig);
    this.#deps = deps;
  }

  async get(): Promise<{ config: Config; etag: string }> {
    const config = (await this.#records.find(id))?.record ?? {};
    return { config, etag: etagOf(config) };
  }

  /**
   * Replaces it. Faults: `invalid`; `conflict` when `etag` is given and not that of the present configuration; what makes
   * the server unable to follow, which then stays as it was.
   */
  async update(config: Config, etag: string): Promise<{ config: Config; etag: string }> {
    const stored = withoutEmpty(config);
    checkConfig(serverKeys, stored);
    return await this.#serial.run(id, async () => {
      const found = await this.#records.find(id);
      if (etag !== '' && etag !== etagOf(found?.record ?? {})) {
        throw new Fault('conflict', 'The configuration of the server was changed by somebody else in the meantime');
      }
      const prepared = await this.#deps.prepare(stored);
      try {
        await this.#records.put(id, stored, found?.revision ?? 0);
      } catch (error) {
        await prepared.revert();
        throw error;
      }
      await prepared.commit();
      this.#deps.events.lifecycle('config-updated', 'server');
      return { config: stored, etag: etagOf(stored) };
    });
  }
}

function parseConfig(value: unknown): Config {
  if (typeof value !== 'object' || value === null) throw new TypeError('not a configuration');
  return value as Config; // written by this file only
}

import { type ConfigKey, checkConfig, withoutEmpty } from '../base/config-key.ts';
import { etagOf } from '../base/etag.ts';
import { Fault } from '../base/fault.ts';
import { Collection } from '../db/collection.ts';
import type { Store } from '../db/store.ts';
import type { Events } from '../events/events.ts';

type Config = Readonly<Record<string, string>>;

/** Every configuration key of the server itself. */
export const serverKeys: readonly ConfigKey[] = [
  {
    key: 'user.*',
    type: 'string',
    default: '',
    live: true,
    doc: 'Anything; yurt stores it and does not read it.',
    check: () => undefined,
  },
];

const id = 'config';

/** The configuration of the server itself. */
export class ServerConfig {
  readonly #records: Collection<Config>;
  readonly #events: Pick<Events, 'lifecycle'>;

  constructor(store: Store, events: Pick<Events, 'lifecycle'>) {
    this.#records = new Collection(store, 'server/', parseConfig);
    this.#events = events;
  }

  async get(): Promise<{ config: Config; etag: string }> {
    const config = (await this.#records.find(id))?.record ?? {};
    return { config, etag: etagOf(config) };
  }

  /** Replaces it. Faults: `invalid`; `conflict` when `etag` is given and not that of the present configuration. */
  async update(config: Config, etag: string): Promise<{ config: Config; etag: string }> {
    const stored = withoutEmpty(config);
    checkConfig(serverKeys, stored);
    const found = await this.#records.find(id);
    if (etag !== '' && etag !== etagOf(found?.record ?? {})) {
      throw new Fault('conflict', 'The configuration of the server was changed by somebody else in the meantime');
    }
    await this.#records.put(id, stored, found?.revision ?? 0);
    this.#events.lifecycle('config-updated', 'server');
    return { config: stored, etag: etagOf(stored) };
  }
}

function parseConfig(value: unknown): Config {
  if (typeof value !== 'object' || value === null) throw new TypeError('not a configuration');
  return value as Config; // written by this file only
}

import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import { Collection } from '../db/collection.ts';
import type { Store } from '../db/store.ts';
import type { Links } from '../host/links.ts';
import type { NetworkDriver, NetworkStatus } from './contract.ts';
import { takenSubnets } from './free-subnet.ts';
import { type NetworkRecord, newNetwork } from './network.ts';
import { parseSubnet } from './subnet.ts';

export interface NetworksDeps {
  readonly log: Log;
  readonly store: Store;
  readonly links: Links;
  readonly open: (record: NetworkRecord) => NetworkDriver;
}

const maxDefaultNames = 100;

interface Opened {
  readonly record: NetworkRecord;
  readonly driver: NetworkDriver;
  /** Why it could not be brought up, if so. Instances on it cannot start; everything else works. */
  failure: string | undefined;
  triedAt: number;
}

/** How often a network that is down is tried again, at most: when somebody asks for it. */
const retryMs = 2_000;

/** The managed networks of a server, each with its driver. */
export class Networks {
  readonly #deps: NetworksDeps;
  readonly #records: Collection<NetworkRecord>;
  readonly #stop = new AbortController();
  readonly #leaseListeners = new Set<(network: string) => void>();
  readonly #opened = new Map<string, Opened>();

  constructor(deps: NetworksDeps) {
    this.#deps = deps;
    this.#records = new Collection(deps.store, 'network/', parseNetwork);
  }

  /**
   * The name of the default network, made when the server has none: `PREFIX0`, or the next number when the host has a
   * link of that name, as another server beside this one makes it.
   */
  async ensureDefault(prefix: string): Promise<string> {
    const records = (await this.#records.list()).map(({ record }) => record);
    const [first] = records;
    if (first !== undefined) return first.name;
    const links = new Set((await this.#deps.links.list()).map(({ name }) => name));
    for (let number = 0; number < maxDefaultNames; number += 1) {
      const name = `${prefix}${number}`;
      if (!links.has(name)) return (await this.#create(name, records)).name;
    }
    throw new Fault('exhausted', `The host has ${maxDefaultNames} links called ${prefix}N: none is left for a network`);
  }

  /** Brings up all networks; `instances` are the uuids that exist. */
  async open(instances: ReadonlySet<string>): Promise<void> {
    const records = (await this.#records.list()).map(({ record }) => record);
    await Promise.all(records.map((record) => this.#up(record, instances)));
  }

  /** Faults: `not-found`; `unavailable` for one that could not be brought up. */
  driver(name: string): NetworkDriver {
    const opened = this.#get(name);
    const { failure } = opened;
    if (failure === undefined) return opened.driver;
    // What was wrong may have been mended meanwhile: the next caller profits from this attempt.
    if (Date.now() - opened.triedAt > retryMs) void this.#bringUp(opened);
    throw new Fault('unavailable', `Network "${name}" is not up: ${failure}`);
  }

  /** Fault `not-found`. */
  check(name: string): void {
    this.#get(name);
  }

  list(): { record: NetworkRecord; status: NetworkStatus }[] {
    return [...this.#opened.values()].map(({ record, driver, failure }) => ({
      record,
      status: failure === undefined ? driver.status() : { status: 'unavailable', detail: failure },
    }));
  }

  /** Calls `listener` whenever the addresses of instances on a network may have changed. */
  onLeasesChanged(listener: (network: string) => void): void {
    this.#leaseListeners.add(listener);
  }

  /** Takes all of them down: no instance runs any more. */
  async down(): Promise<void> {
    const task = ownTask(this.#deps.log);
    await Promise.allSettled([...this.#opened.values()].map(({ driver }) => driver.down(task)));
  }

  /** Stops watching them; they stay up, since instances outlive the server. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled([...this.#opened.values()].map(({ driver }) => driver[Symbol.asyncDispose]()));
  }

  #get(name: string): Opened {
    const opened = this.#opened.get(name);
    if (opened === undefined) throw new Fault('not-found', `Network "${name.slice(0, 80)}" does not exist`);
    return opened;
  }

  async #create(name: string, others: readonly NetworkRecord[]): Promise<NetworkRecord> {
    const recorded = others
      .flatMap(({ config }) => [config['ipv4.address'], config['ipv6.address']])
      .filter((address) => address !== undefined && address !== 'none')
      .map((address) => parseSubnet(address ?? ''));
    const taken = [...(await takenSubnets(this.#deps.links)), ...recorded];
    const record = newNetwork({ name, description: 'Default yurt network', config: {} }, taken);
    return (await this.#records.put(name, record, 0)).record;
  }

  async #up(record: NetworkRecord, instances: ReadonlySet<string>): Promise<void> {
    const { log, open } = this.#deps;
    const opened: Opened = { record, driver: open(record), failure: undefined, triedAt: 0 };
    this.#opened.set(record.name, opened);
    await this.#bringUp(opened);
    opened.driver.watchLeases(this.#stop.signal, () => {
      for (const listener of this.#leaseListeners) listener(record.name);
    });
    if (opened.failure !== undefined) return;
    await opened.driver.repair(ownTask(log), instances).catch((error: unknown) => {
      log.error({ err: error, network: record.name }, 'a network could not be repaired');
    });
  }

  /** Never throws: a network that does not come up keeps nothing else from working. */
  async #bringUp(opened: Opened): Promise<void> {
    opened.triedAt = Date.now();
    try {
      await opened.driver.up(ownTask(this.#deps.log));
      opened.failure = undefined;
    } catch (error) {
      opened.failure = Fault.from(error).message;
      this.#deps.log.error({ err: error, network: opened.record.name }, 'a network could not be brought up');
    }
  }
}

function parseNetwork(value: unknown): NetworkRecord {
  const record = value as NetworkRecord; // written by this file only; the fields that matter are checked
  if (typeof record.name !== 'string' || typeof record.config !== 'object') throw new TypeError('not a network');
  return record;
}

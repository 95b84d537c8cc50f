import { Fault } from '../base/fault.ts';
import { Collection } from '../db/collection.ts';
import type { Change, Store } from '../db/store.ts';
import type { Instance } from '../instances/instance.ts';
import { metadataKey } from '../instances/templates/instance-metadata.ts';
import { parseSnapshot, type Snapshot } from './snapshot.ts';

/** The records of all snapshots, below the uuid of their instance: its name may change. */
export class SnapshotRecords {
  readonly #records: Collection<Snapshot>;

  constructor(store: Store) {
    this.#records = new Collection(store, 'snapshot/', parseSnapshot);
  }

  /** Those of one instance, or all, the oldest first. Also what is not ready. */
  async list(instance?: string): Promise<Snapshot[]> {
    const found = await this.#records.list(instance === undefined ? '' : `${instance}/`);
    return found
      .map(({ record }) => record)
      .sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0));
  }

  /** How many there are, by the uuid of their instance: of one, or of all. Also what is not ready: no record is read. */
  async count(instance?: string): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const id of await this.#records.ids(instance === undefined ? '' : `${instance}/`)) {
      const of = id.slice(0, id.indexOf('/'));
      counts.set(of, (counts.get(of) ?? 0) + 1);
    }
    return counts;
  }

  async find(instance: string, name: string): Promise<Snapshot | undefined> {
    return (await this.list(instance)).find((snapshot) => snapshot.name === name && snapshot.phase === 'ready');
  }

  /** Fault `not-found`. */
  async get(instance: Pick<Instance, 'uuid' | 'name'>, name: string): Promise<Snapshot> {
    const found = await this.find(instance.uuid, name);
    if (found === undefined) {
      throw new Fault('not-found', `Instance "${instance.name}" has no snapshot "${name.slice(0, 80)}"`);
    }
    return found;
  }

  async byId(instance: string, uuid: string): Promise<Snapshot | undefined> {
    return (await this.#records.find(`${instance}/${uuid}`))?.record;
  }

  /** `also` is committed with it. */
  async add(snapshot: Snapshot, also: Change): Promise<Snapshot> {
    return (await this.#records.put(idOf(snapshot), snapshot, 0, also)).record;
  }

  async update(snapshot: Snapshot, change: Partial<Snapshot>): Promise<Snapshot> {
    const updated = await this.#records.update(idOf(snapshot), (now) => ({ ...now, ...change }));
    if (updated === undefined) throw new Fault('not-found', `Snapshot "${snapshot.name}" does not exist any more`);
    return updated.record;
  }

  /** Makes `fresh` ready and gives up `old` in one commit: at no moment are there two of the name, or none. */
  async replace(fresh: Snapshot, old: Snapshot | undefined): Promise<Snapshot> {
    const found = await this.#records.find(idOf(fresh));
    if (found === undefined) throw new Fault('not-found', `Snapshot "${fresh.name}" does not exist any more`);
    const gone: Snapshot[] = old === undefined ? [] : [{ ...old, phase: 'deleting' }];
    const put = gone.map((each) => ({ key: this.#records.key(idOf(each)), value: each }));
    return (await this.#records.put(idOf(fresh), { ...fresh, phase: 'ready' }, found.revision, { put })).record;
  }

  async remove(snapshot: Snapshot): Promise<void> {
    await this.#records.remove(idOf(snapshot), { remove: [metadataKey(snapshot)] });
  }
}

function idOf({ instance, uuid }: Snapshot): string {
  return `${instance}/${uuid}`;
}

import { createHash } from 'node:crypto';
import { Fault } from '../base/fault.ts';
import type { IdMap } from '../base/id-map.ts';
import type { Change, Store } from '../db/store.ts';

/** Ids per instance: what an unmodified distribution needs (nobody is 65534). */
export const idsPerInstance = 65_536;

/** Where on the host ids for instances may be taken from. */
export interface HostIdRange {
  readonly first: number;
  readonly count: number;
}

/** What shadow's tools and the field use when root has no entry in /etc/subuid: subuid(5). */
const unlistedRange: HostIdRange = { first: 1_000_000, count: 1_000_000_000 };

const cursorKey = 'meta/idrange-cursor';
const rangeKey = (hostBase: number) => `idrange/${hostBase}`;

/**
 * Hands out id ranges, one per instance, never one twice: the allocation is part of the commit that writes the
 * instance's record, and a freed range is taken again only after all others have had their turn.
 */
export class IdRanges {
  readonly #store: Store;
  readonly #slots: number;
  readonly #first: number;
  /** Servers side by side on one host begin at different places. */
  readonly #start: number;

  constructor(store: Store, range: HostIdRange, daemonId: string) {
    this.#store = store;
    this.#first = Math.ceil(range.first / idsPerInstance) * idsPerInstance;
    this.#slots = Math.floor((range.first + range.count - this.#first) / idsPerInstance);
    if (this.#slots < 1) {
      const have = `${range.first}:${range.count}`;
      throw new Fault(
        'unsupported',
        `Root's id range ${have} in /etc/subuid and /etc/subgid has no room for one instance`,
      );
    }
    this.#start = createHash('sha256').update(daemonId).digest().readUInt32BE() % this.#slots;
  }

  /** A free range and the change that takes it; commit both with the record of `owner`. Fault `exhausted`. */
  async allocate(owner: string): Promise<{ idMap: IdMap; change: Change }> {
    const taken = new Set((await this.#store.list('idrange/')).map(({ key }) => key));
    const cursor = await this.#store.get(cursorKey);
    const begin = cursor === undefined ? this.#start : Number(cursor.value);
    for (let step = 0; step < this.#slots; step += 1) {
      const slot = (begin + step) % this.#slots;
      const hostBase = this.#first + slot * idsPerInstance;
      if (taken.has(rangeKey(hostBase))) continue;
      const change: Change = {
        expect: [
          { key: rangeKey(hostBase), revision: 0 },
          { key: cursorKey, revision: cursor?.revision ?? 0 },
        ],
        put: [
          { key: rangeKey(hostBase), value: owner },
          { key: cursorKey, value: (slot + 1) % this.#slots },
        ],
      };
      return { idMap: { hostBase, size: idsPerInstance }, change };
    }
    throw new Fault('exhausted', `All ${this.#slots} id ranges of this host are in use`);
  }

  release(idMap: IdMap): Change {
    return { remove: [rangeKey(idMap.hostBase)] };
  }
}

/**
 * Root's range from the texts of /etc/subuid and /etc/subgid (subuid(5)): the ids that both grant. Without entries for
 * root, the customary range above the ids of users.
 */
export function hostIdRange(subuid: string, subgid: string): HostIdRange {
  const users = rangesOf(subuid);
  const groups = rangesOf(subgid);
  if (users.length === 0 && groups.length === 0) return unlistedRange;
  let best: HostIdRange = { first: 0, count: 0 };
  for (const user of users) {
    for (const group of groups) {
      const first = Math.max(user.first, group.first);
      const count = Math.min(user.first + user.count, group.first + group.count) - first;
      if (count > best.count) best = { first, count };
    }
  }
  return best;
}

function rangesOf(text: string): HostIdRange[] {
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name]) => name === 'root' || name === '0')
    .map(([, first, count]) => ({ first: Number(first), count: Number(count) }))
    .filter(({ first, count }) => Number.isSafeInteger(first) && Number.isSafeInteger(count));
}

import { createHash } from 'node:crypto';
import { Fault } from '../base/fault.ts';
import type { IdMap, PunchedIds } from '../base/id-map.ts';
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

/** What `security.privileged` and `security.idmap.*` ask for. */
export interface WantedIds {
  /** The ids of the host itself. */
  readonly privileged: boolean;
  readonly size: number;
  /** Undefined: wherever there is room. */
  readonly hostBase?: number;
  /** `raw.idmap`. */
  readonly punched: readonly PunchedIds[];
}

export const usualIds: WantedIds = { privileged: false, size: idsPerInstance, punched: [] };

/** Root inside is root outside. */
const hostIds: IdMap = { hostBase: 0, size: idsPerInstance };

export function fitsIds(idMap: IdMap, { privileged, size, hostBase, punched }: WantedIds): boolean {
  if (privileged) return idMap.hostBase === hostIds.hostBase;
  if (JSON.stringify(idMap.punched ?? []) !== JSON.stringify(punched)) return false;
  return idMap.size === size && (hostBase === undefined ? idMap.hostBase !== 0 : idMap.hostBase === hostBase);
}

/**
 * Hands out id ranges, one per instance, never one twice: the allocation is part of the commit that writes the
 * instance's record, and a freed range is taken again only after all others have had their turn. What is booked are slots
 * of `idsPerInstance` ids: all those that a range touches.
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

  /**
   * A free range and the change that takes it; commit both with the record of `owner`, whose own slots count as free. Faults:
   * `exhausted`; `in-use` and `invalid` for a base that another instance, or nobody here, may have.
   */
  async allocate(owner: string, wanted: WantedIds = usualIds): Promise<{ idMap: IdMap; change: Change }> {
    if (wanted.privileged) return { idMap: hostIds, change: {} };
    this.#checkPunched(wanted);
    const booked = new Map((await this.#store.list('idrange/')).map((entry) => [entry.key, entry]));
    const isFree = (slot: number) =>
      [undefined, owner].includes(booked.get(rangeKey(slot))?.value as string | undefined);
    const take = (idMap: IdMap): Change => ({
      expect: slotsOf(idMap).map((slot) => ({
        key: rangeKey(slot),
        revision: booked.get(rangeKey(slot))?.revision ?? 0,
      })),
      put: slotsOf(idMap).map((slot) => ({ key: rangeKey(slot), value: owner })),
    });
    const { size, hostBase, punched } = wanted;
    const holes = punched.length === 0 ? {} : { punched };
    if (hostBase !== undefined) {
      const idMap = { hostBase, size, ...holes };
      this.#checkPinned(idMap);
      if (slotsOf(idMap).every(isFree)) return { idMap, change: take(idMap) };
      throw new Fault('in-use', `Of the ids ${hostBase} to ${hostBase + size - 1} another instance has some`);
    }
    const { idMap, change } = await this.#next(size, isFree, take);
    return { idMap: { ...idMap, ...holes }, change };
  }

  async #next(size: number, isFree: (slot: number) => boolean, take: (idMap: IdMap) => Change) {
    const cursor = await this.#store.get(cursorKey);
    const begin = cursor === undefined ? this.#start : Number(cursor.value);
    const slots = Math.ceil(size / idsPerInstance);
    for (let step = 0; step < this.#slots; step += 1) {
      const first = (begin + step) % this.#slots;
      const idMap = { hostBase: this.#first + first * idsPerInstance, size };
      if (first + slots > this.#slots || !slotsOf(idMap).every(isFree)) continue;
      const { expect = [], put = [] } = take(idMap);
      const change: Change = {
        expect: [...expect, { key: cursorKey, revision: cursor?.revision ?? 0 }],
        put: [...put, { key: cursorKey, value: (first + slots) % this.#slots }],
      };
      return { idMap, change };
    }
    throw new Fault('exhausted', `No ${slots * idsPerInstance} ids in a row of this host are free`);
  }

  /** The change that gives back `before` where `after` does not need it. */
  release(before: IdMap, after: IdMap = hostIds): Change {
    const kept = new Set(slotsOf(after));
    return {
      remove: slotsOf(before)
        .filter((slot) => !kept.has(slot))
        .map(rangeKey),
    };
  }

  /** Ids of other instances are not to be had, nor ids inside that there are none of. */
  #checkPunched({ punched, size }: WantedIds): void {
    const [first, last] = [this.#first, this.#first + this.#slots * idsPerInstance - 1];
    for (const { inside, outside, count } of punched) {
      if (inside + count > size) throw new Fault('invalid', `raw.idmap: the instance has no id ${inside + count - 1}`);
      if (outside <= last && outside + count > first) {
        throw new Fault(
          'invalid',
          `raw.idmap: the ids from ${outside} on are among those of instances, ${first} to ${last}`,
        );
      }
    }
  }

  #checkPinned({ hostBase, size }: IdMap): void {
    const [first, last] = [this.#first, this.#first + this.#slots * idsPerInstance - 1];
    if (hostBase >= first && hostBase + size - 1 <= last) return;
    throw new Fault(
      'invalid',
      `security.idmap.base ${hostBase}: the ids to ${hostBase + size - 1} are not within those of this host's instances, ${first} to ${last}`,
    );
  }
}

/** The first ids of all slots that a range touches; none for the ids of the host. */
function slotsOf({ hostBase, size }: IdMap): number[] {
  if (hostBase === hostIds.hostBase) return [];
  const first = Math.floor(hostBase / idsPerInstance);
  const last = Math.floor((hostBase + size - 1) / idsPerInstance);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * idsPerInstance);
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

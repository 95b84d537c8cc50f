import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryStore } from '../db/memory-store.ts';
import { fitsIds, hostIdRange, IdRanges, idsPerInstance, usualIds, type WantedIds } from './id-ranges.ts';

const threeSlots = { first: 10 * idsPerInstance, count: 3 * idsPerInstance };

async function take(store: MemoryStore, ranges: IdRanges, owner: string) {
  const { idMap, change } = await ranges.allocate(owner);
  await store.commit(change);
  return idMap;
}

describe('id ranges', () => {
  it('never overlap, and run out with a fault that says so', async () => {
    const store = new MemoryStore();
    const ranges = new IdRanges(store, threeSlots, 'daemon');
    const bases = [];
    for (const owner of ['a', 'b', 'c']) bases.push((await take(store, ranges, owner)).hostBase);
    assert.equal(new Set(bases).size, 3);
    assert.ok(bases.every((base) => base % idsPerInstance === 0 && base >= threeSlots.first));
    await assert.rejects(ranges.allocate('d'), { code: 'exhausted' });
  });

  it('take a freed range only after all others', async () => {
    const store = new MemoryStore();
    const ranges = new IdRanges(store, threeSlots, 'daemon');
    const first = await take(store, ranges, 'a');
    await store.commit(ranges.release(first));
    const second = await take(store, ranges, 'b');
    const third = await take(store, ranges, 'c');
    assert.notEqual(second.hostBase, first.hostBase);
    assert.notEqual(third.hostBase, first.hostBase);
    assert.equal((await take(store, ranges, 'd')).hostBase, first.hostBase);
  });

  it('of several sizes and at chosen places never overlap', async () => {
    const store = new MemoryStore();
    const tenSlots = { first: 10 * idsPerInstance, count: 10 * idsPerInstance };
    const ranges = new IdRanges(store, tenSlots, 'daemon');
    const give = async (owner: string, wanted: Partial<WantedIds>) => {
      const { idMap, change } = await ranges.allocate(owner, { ...usualIds, ...wanted });
      await store.commit(change);
      return idMap;
    };
    const pinned = await give('a', { hostBase: 13 * idsPerInstance + 7, size: 2 * idsPerInstance });
    assert.deepEqual(pinned, { hostBase: 13 * idsPerInstance + 7, size: 2 * idsPerInstance });
    await assert.rejects(give('b', { hostBase: 15 * idsPerInstance }), { code: 'in-use' });
    await assert.rejects(give('b', { hostBase: 19 * idsPerInstance + 1 }), { code: 'invalid' });
    await assert.rejects(give('b', { hostBase: idsPerInstance }), { code: 'invalid' });
    const big = await give('b', { size: 3 * idsPerInstance });
    const taken = [pinned, big];
    for (const owner of ['c', 'd', 'e', 'f']) taken.push(await give(owner, {}));
    for (const [index, one] of taken.entries()) {
      for (const other of taken.slice(index + 1)) {
        assert.ok(one.hostBase + one.size <= other.hostBase || other.hostBase + other.size <= one.hostBase);
      }
    }
    await assert.rejects(ranges.allocate('g', usualIds), { code: 'exhausted' });
  });

  it('may grow onto what the instance has already, and give the rest back', async () => {
    const store = new MemoryStore();
    const ranges = new IdRanges(store, threeSlots, 'daemon');
    const before = await take(store, ranges, 'a');
    const all = { ...usualIds, size: 3 * idsPerInstance, hostBase: threeSlots.first };
    const { idMap, change } = await ranges.allocate('a', all);
    await store.commit({ ...change, ...ranges.release(before, idMap) });
    assert.equal((await store.list('idrange/')).length, 3);
    const back = await ranges.allocate('a', { ...usualIds, privileged: true });
    await store.commit({ ...back.change, ...ranges.release(idMap, back.idMap) });
    assert.deepEqual(await store.list('idrange/'), []);
    assert.ok(fitsIds(back.idMap, { ...usualIds, privileged: true }) && !fitsIds(back.idMap, usualIds));
    assert.ok(fitsIds(before, usualIds) && !fitsIds(before, { ...usualIds, size: 1 }));
  });

  it('with ids of the host in them take none of other instances', async () => {
    const ranges = new IdRanges(new MemoryStore(), threeSlots, 'daemon');
    const punch = (outside: number, inside = 1000) => ({ kind: 'both' as const, inside, outside, count: 1 });
    const wanted = { ...usualIds, punched: [punch(1000)] };
    const { idMap } = await ranges.allocate('a', wanted);
    assert.deepEqual(idMap.punched, [punch(1000)]);
    assert.ok(fitsIds(idMap, wanted) && !fitsIds(idMap, usualIds));
    for (const bad of [punch(threeSlots.first), punch(threeSlots.first + 5), punch(1000, idsPerInstance)]) {
      await assert.rejects(ranges.allocate('a', { ...usualIds, punched: [bad] }), { code: 'invalid' });
    }
  });

  it('are not both handed out when two creations race', async () => {
    const store = new MemoryStore();
    const ranges = new IdRanges(store, threeSlots, 'daemon');
    const [one, two] = await Promise.all([ranges.allocate('a'), ranges.allocate('b')]);
    await store.commit(one.change);
    await assert.rejects(store.commit(two.change), { code: 'conflict' });
  });

  it('need room for one instance at least', () => {
    assert.throws(() => new IdRanges(new MemoryStore(), { first: 1, count: 70_000 }, 'd'), { code: 'unsupported' });
  });
});

describe('the range of the host', () => {
  it('is the customary one when root is not listed', () => {
    assert.deepEqual(hostIdRange('user:100000:65536\n', ''), { first: 1_000_000, count: 1_000_000_000 });
  });

  it('is what both files grant to root', () => {
    const range = hostIdRange('user:1:1\nroot:200000:200000\n', 'root:300000:500000\n');
    assert.deepEqual(range, { first: 300_000, count: 100_000 });
  });
});

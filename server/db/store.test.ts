import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { LevelStore } from './level-store.ts';
import { MemoryStore } from './memory-store.ts';
import type { Store } from './store.ts';

interface Opened extends AsyncDisposable {
  readonly store: Store;
}

/** What every store must do, whichever it is. */
function conforms(name: string, open: () => Promise<Opened>): void {
  describe(`a store: ${name}`, () => {
    it('returns what was put, with the revision of the commit', async () => {
      await using opened = await open();
      const revision = await opened.store.commit({ put: [{ key: 'a/1', value: { x: 1 } }] });
      assert.deepEqual(await opened.store.get('a/1'), { key: 'a/1', value: { x: 1 }, revision });
      assert.equal(await opened.store.get('a/2'), undefined);
    });

    it('lists a prefix in key order and nothing else', async () => {
      await using opened = await open();
      await opened.store.commit({ put: ['b/2', 'a/9', 'b/1', 'b0', 'c'].map((key) => ({ key, value: key })) });
      assert.deepEqual(
        (await opened.store.list('b/')).map(({ key }) => key),
        ['b/1', 'b/2'],
      );
      assert.deepEqual(await opened.store.keys('b/'), ['b/1', 'b/2']);
    });

    it('applies nothing when one expectation fails', async () => {
      await using opened = await open();
      const revision = await opened.store.commit({ put: [{ key: 'k', value: 1 }] });
      await opened.store.commit({ expect: [{ key: 'k', revision }], put: [{ key: 'k', value: 2 }] });
      const stale = opened.store.commit({
        expect: [{ key: 'k', revision }],
        put: [
          { key: 'k', value: 3 },
          { key: 'other', value: 1 },
        ],
      });
      await assert.rejects(stale, { name: 'Fault', code: 'conflict' });
      assert.equal((await opened.store.get('k'))?.value, 2);
      assert.equal(await opened.store.get('other'), undefined);
    });

    it('treats revision 0 as "must not exist"', async () => {
      await using opened = await open();
      const create = () => opened.store.commit({ expect: [{ key: 'k', revision: 0 }], put: [{ key: 'k', value: 1 }] });
      await create();
      await assert.rejects(create(), { code: 'conflict' });
      await opened.store.commit({ remove: ['k'] });
      await create();
    });

    it('lets exactly one of many conditional commits at once win', async () => {
      await using opened = await open();
      const attempts = Array.from({ length: 20 }, (_, value) =>
        opened.store.commit({ expect: [{ key: 'k', revision: 0 }], put: [{ key: 'k', value }] }),
      );
      const won = (await Promise.allSettled(attempts)).filter(({ status }) => status === 'fulfilled');
      assert.equal(won.length, 1);
    });

    it('shows a watcher every change of its prefix since it began', async () => {
      await using opened = await open();
      const stop = new AbortController();
      const watch = opened.store.watch('a/', stop.signal);
      await opened.store.commit({
        put: [
          { key: 'a/1', value: 1 },
          { key: 'b/1', value: 1 },
        ],
      });
      await opened.store.commit({ remove: ['a/1'] });
      const seen: unknown[] = [];
      for await (const { key, value } of watch) {
        seen.push([key, value]);
        if (seen.length === 2) stop.abort();
      }
      assert.deepEqual(seen, [
        ['a/1', 1],
        ['a/1', undefined],
      ]);
    });
  });
}

conforms('in memory', async () => {
  const store = new MemoryStore();
  return { store, [Symbol.asyncDispose]: () => store.close() };
});

conforms('LevelDB', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'yurt-store-'));
  const store = await LevelStore.open(directory);
  return {
    store,
    [Symbol.asyncDispose]: async () => {
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
});

describe('the LevelDB store', () => {
  it('has everything again after it was closed and opened', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'yurt-store-'));
    try {
      const first = await LevelStore.open(directory);
      const revision = await first.commit({ put: [{ key: 'k', value: 'v' }] });
      await first.close();
      const second = await LevelStore.open(directory);
      assert.deepEqual(await second.get('k'), { key: 'k', value: 'v', revision });
      assert.equal(await second.commit({ put: [{ key: 'l', value: 1 }] }), revision + 1);
      await second.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

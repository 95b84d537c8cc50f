import assert from 'node:assert/strict';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { LevelStore } from '../../../server/db/level-store.ts';
import { loopFileSystem } from './loop-file-system.ts';

describe('the state on a full disk', { timeout: 60_000 }, () => {
  it('is readable while it cannot be written, and keeps every commit that it took before and after', async () => {
    await using disk = await loopFileSystem('ext4', 64);
    const directory = join(disk.directory, 'db');
    const fill = join(disk.directory, 'fill');
    let store = await LevelStore.open(directory);
    const taken: string[] = [];
    const commit = async (key: string) => {
      await store.commit({ put: [{ key: `k/${key}`, value: key.repeat(500) }] });
      taken.push(`k/${key}`);
    };
    for (let index = 0; index < 10; index += 1) await commit(`before-${index}`);
    fillUp(fill);
    const refused = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => commit(`full-${index}`)));
    const reasons = refused.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    assert.ok(reasons.length > 1);
    for (const { code, message } of reasons) {
      assert.equal(code, 'exhausted');
      assert.match(message, /state in .*\/db/);
    }
    assert.deepEqual(await store.keys('k/'), taken.toSorted());
    rmSync(fill);
    // Over several blocks of LevelDB's log.
    for (let index = 0; index < 40; index += 1) await commit(`after-${index}`);
    assert.deepEqual(await store.keys('k/'), taken.toSorted());
    await store.close();
    store = await LevelStore.open(directory);
    assert.deepEqual(await store.keys('k/'), taken.toSorted());
    await store.close();
  });
});

/** To the last block. */
function fillUp(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (const bytes of [Buffer.alloc(1024 * 1024), Buffer.alloc(512)]) {
      try {
        for (;;) writeSync(file, bytes);
      } catch (error) {
        assert.match(String(error), /ENOSPC/);
      }
    }
  } finally {
    closeSync(file);
  }
}

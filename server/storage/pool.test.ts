import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '../base/log.ts';
import { MountsInMemory } from '../host/mounts-in-memory.ts';
import { checkPoolName, parsePool, type StoragePool } from './pool.ts';
import { placePath } from './pool-directory.ts';
import { makeStorageDriver } from './storage-drivers.ts';

const host = {
  run: () => Promise.reject(new Error('runs nothing')),
  mounts: new MountsInMemory(),
  namespaces: { open: () => Promise.reject(new Error('opens nothing')) },
  log: silentLog,
};
const pool: StoragePool = { name: 'default', driver: 'overlay', description: '', config: { source: '/srv/pool' } };

describe('a storage pool', () => {
  it('has a name that is safe in paths, messages and commands', () => {
    for (const good of ['default', 'a', 'fast-1', 'a.b_c', 'x'.repeat(63)]) checkPoolName(good);
    for (const bad of ['', '.', '..', '-x', 'a/b', 'a b', 'ä', 'a\n', 'x'.repeat(64)]) {
      assert.throws(() => checkPoolName(bad), { code: 'invalid' }, bad);
    }
  });

  it('has a driver and a source that there can be', () => {
    assert.equal(makeStorageDriver(pool, host).name, 'overlay');
    const sources = ['', 'srv', '/', '/srv/', '/srv/../etc', '/srv/./x', '/srv//x', '/srv/a\nb', `/${'x'.repeat(600)}`];
    for (const source of sources) {
      assert.throws(() => makeStorageDriver({ ...pool, config: { source } }, host), { code: 'invalid' }, source);
    }
    const bad = [{ driver: 'zfs' }, { driver: 'toString' }, { config: {} }, { config: { ...pool.config, size: '1' } }];
    for (const change of bad) assert.throws(() => makeStorageDriver({ ...pool, ...change }, host), { code: 'invalid' });
  });

  it('is read as it was stored', () => {
    assert.deepEqual(parsePool(JSON.parse(JSON.stringify(pool))), pool);
    for (const bad of [{}, { ...pool, name: 1 }, { ...pool, config: null }]) assert.throws(() => parsePool(bad));
  });

  it('has no place whose name leads out of it', () => {
    assert.equal(placePath('/srv/pool', ['images', 'x']), '/srv/pool/images/x');
    for (const bad of ['', '.', '..', 'a/b', '.hidden', '-rf', 'a\0', 'a\n', 'x'.repeat(129)]) {
      assert.throws(() => placePath('/srv/pool', ['images', bad]), { code: 'internal' }, bad);
    }
  });
});

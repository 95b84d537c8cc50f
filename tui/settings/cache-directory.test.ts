import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { cacheDirectory } from './cache-directory.ts';

describe('the directory of what is kept between commands', () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'yurt-home-'))));
  afterEach(() => rmSync(home, { recursive: true }));

  it('is made where the environment says, for its user alone', () => {
    assert.equal(cacheDirectory({ HOME: home }), join(home, '.cache/yurt'));
    assert.equal(cacheDirectory({ HOME: '/elsewhere', XDG_CACHE_HOME: join(home, 'cache') }), join(home, 'cache/yurt'));
    for (const path of ['.cache', 'cache/yurt']) assert.equal(statSync(join(home, path)).mode & 0o777, 0o700);
  });

  it('is nowhere without a home that is there, and makes none', () => {
    const missing = join(home, 'missing');
    for (const env of [{}, { HOME: '' }, { HOME: 'relative' }, { HOME: missing }, { XDG_CACHE_HOME: `${missing}/a` }]) {
      assert.equal(cacheDirectory(env), undefined);
    }
    assert.equal(existsSync(missing), false);
  });

  it('is nowhere when others may write on the way to it', () => {
    mkdirSync(join(home, '.cache'));
    chmodSync(join(home, '.cache'), 0o775);
    assert.equal(cacheDirectory({ HOME: home }), undefined);
  });
});

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { directoriesFrom, makeDirectories } from './directories.ts';

describe('the directories of a server', () => {
  it('let the ids of instances pass, and nobody else see anything', () => {
    const parent = mkdtempSync(join(tmpdir(), 'yurt-directories-'));
    try {
      const yurtDir = join(parent, 'not/there/yet');
      makeDirectories(directoriesFrom(yurtDir));
      const modes = ['not', 'not/there/yet', 'not/there/yet/storage', 'not/there/yet/state', 'not/there/yet/log'].map(
        (name) => (statSync(join(parent, name)).mode & 0o777).toString(8),
      );
      assert.deepEqual(modes, ['711', '711', '711', '700', '700']);
      // As a copy that was put back may leave it.
      chmodSync(join(yurtDir, 'state'), 0o755);
      makeDirectories(directoriesFrom(yurtDir));
      assert.equal(statSync(join(yurtDir, 'state')).mode & 0o777, 0o700);
    } finally {
      rmSync(parent, { recursive: true });
    }
  });
});

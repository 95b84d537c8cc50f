import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { makeReachable, networkDirectory } from './network-directory.ts';

describe('the directory of networks', () => {
  it('is the preferred one unless something above it is closed to other users', async () => {
    const top = mkdtempSync(join(tmpdir(), 'yurt-directory-'));
    try {
      const preferred = join(top, 'run/networks');
      chmodSync(top, 0o711);
      assert.equal(await networkDirectory(preferred, '/run/other'), preferred);
      chmodSync(top, 0o700);
      assert.equal(await networkDirectory(preferred, '/run/other'), '/run/other');
    } finally {
      rmSync(top, { recursive: true });
    }
  });

  it('is open to all users whatever the umask, those above it too', async () => {
    const top = mkdtempSync(join(tmpdir(), 'yurt-directory-'));
    const umask = process.umask(0o077);
    try {
      await makeReachable(join(top, 'run/networks'));
      await makeReachable(join(top, 'run/networks'));
      for (const path of ['run', 'run/networks']) assert.equal(statSync(join(top, path)).mode & 0o777, 0o755);
    } finally {
      process.umask(umask);
      rmSync(top, { recursive: true });
    }
  });
});

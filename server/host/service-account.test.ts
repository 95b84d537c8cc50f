import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { serviceAccount } from './service-account.ts';

describe('a service account', () => {
  it('is the first candidate that the host has, with the name of its group, and never root', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'yurt-accounts-'));
    const users = [
      'root:x:0:0::/:/bin/sh',
      'toor:x:0:0::/:/bin/sh',
      'lost:x:7:77::/:/bin/sh',
      'nobody:x:65534:65534::/:',
      '',
    ];
    writeFileSync(join(directory, 'passwd'), users.join('\n'));
    writeFileSync(join(directory, 'group'), 'root:x:0:\nnogroup:x:65534:\n');
    try {
      assert.deepEqual(await serviceAccount(['dnsmasq', 'toor', 'lost', 'nobody'], directory), {
        user: 'nobody',
        group: 'nogroup',
      });
      await assert.rejects(serviceAccount(['dnsmasq', 'root'], directory), { code: 'unsupported' });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

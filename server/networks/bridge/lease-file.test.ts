import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseAddress } from '../subnet.ts';
import { parseLeases, pruneLeases, readLeases, releasePacket } from './lease-file.ts';

const text = [
  '1795421601 00:16:3e:7c:13:f4 10.1.2.84 web *',
  '1795421591 02:00:00:00:00:01 10.1.2.200 * 01:02:00:00:00:00:01',
  'duid 00:01:00:01:30:aa:bb:cc:dd:ee:ff:00:11:22',
  '1795421591 1234 fd42::7 web 00:01',
  '1795421591 00:16:3e:00:00:01 10.1.2.300 bad *',
  '1795421591 00:16:3e:00:00:01 10.1.2.5 bad',
  '',
].join('\n');

function address(ip: string): bigint {
  return parseAddress(ip)?.address ?? 0n;
}

describe('the lease file', () => {
  it('has the IPv4 leases; whatever else it has is passed over', () => {
    assert.deepEqual(parseLeases(text), [
      { expiresAtSeconds: 1795421601, hwaddr: '00:16:3e:7c:13:f4', address: address('10.1.2.84'), hostname: 'web' },
      { expiresAtSeconds: 1795421591, hwaddr: '02:00:00:00:00:01', address: address('10.1.2.200') },
    ]);
  });

  it('loses the names of nics that are gone', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'yurt-leases-'));
    const path = join(directory, 'leases');
    try {
      await pruneLeases(path, new Set());
      assert.deepEqual(await readLeases(path), []);
      writeFileSync(path, text);
      await pruneLeases(path, new Set(['00:16:3e:7c:13:f4']));
      assert.equal(readFileSync(path, 'utf8'), text);
      await pruneLeases(path, new Set());
      assert.equal(readFileSync(path, 'utf8'), text.split('\n').slice(1).join('\n'));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('is given a lease back with a message as RFC 2131 has it', () => {
    const [lease] = parseLeases(text);
    assert.ok(lease);
    const packet = releasePacket(address('10.1.2.1'), lease);
    assert.equal(packet.length, 300);
    assert.equal(packet.subarray(0, 4).toString('hex'), '01010600');
    assert.deepEqual([...packet.subarray(12, 16)], [10, 1, 2, 84]);
    assert.equal(packet.subarray(28, 34).toString('hex'), '00163e7c13f4');
    assert.equal(packet.subarray(236, 250).toString('hex'), '63825363350107360' + '40a010201ff');
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRawIdmap } from './raw-idmap.ts';

test('ids of the host are named one a line, alone or as ranges', () => {
  assert.deepEqual(parseRawIdmap('both 1000 1000\n\n gid 50-60 150-160 '), [
    { kind: 'both', inside: 1000, outside: 1000, count: 1 },
    { kind: 'gid', inside: 150, outside: 50, count: 11 },
  ]);
  assert.deepEqual(parseRawIdmap('uid 7 8\ngid 7 8')?.length, 2);
  assert.deepEqual(parseRawIdmap(''), []);
});

test('what is no map, or contradicts itself, or touches root is refused', () => {
  for (const bad of [
    'both 1000',
    'all 1 1',
    'both 1-2 1-3',
    'both 2-1 2-1',
    'both 0 5',
    'both 5 0',
    'uid 4294967295 1',
    'both 1000 1000\nuid 1000 1001',
    'both 1000 1000\ngid 1001 1000',
    'uid 10-20 10-20\nuid 20-30 30-40',
    Array.from({ length: 17 }, (_, index) => `uid ${index + 1} ${index + 1}`).join('\n'),
  ]) {
    assert.equal(parseRawIdmap(bad), undefined, bad);
  }
});

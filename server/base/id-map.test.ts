import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isIdentity, rangesBetween, rangesOf } from './id-map.ts';

const plain = { hostBase: 1_000_000, size: 65_536 };

test('a map without holes is one range', () => {
  const range = { inside: 0, outside: 1_000_000, size: 65_536 };
  assert.deepEqual(rangesOf(plain), { users: [range], groups: [range] });
});

test('ids of the host are punched into the range, of users or groups or both', () => {
  const punched = [
    { kind: 'uid', inside: 1001, outside: 70, count: 2 },
    { kind: 'both', inside: 1000, outside: 1000, count: 1 },
    { kind: 'gid', inside: 65_535, outside: 5, count: 1 },
  ] as const;
  assert.deepEqual(rangesOf({ ...plain, punched }), {
    users: [
      { inside: 0, outside: 1_000_000, size: 1000 },
      { inside: 1000, outside: 1000, size: 1 },
      { inside: 1001, outside: 70, size: 2 },
      { inside: 1003, outside: 1_001_003, size: 64_533 },
    ],
    groups: [
      { inside: 0, outside: 1_000_000, size: 1000 },
      { inside: 1000, outside: 1000, size: 1 },
      { inside: 1001, outside: 1_001_001, size: 64_534 },
      { inside: 65_535, outside: 5, size: 1 },
    ],
  });
});

test('files go from one map to another by the ids that they have inside', () => {
  const punched = [{ kind: 'uid', inside: 1000, outside: 1000, count: 1 }] as const;
  const { users, groups } = rangesBetween(plain, { hostBase: 2_000_000, size: 2000, punched });
  assert.deepEqual(users, [
    { inside: 1_000_000, outside: 2_000_000, size: 1000 },
    { inside: 1_001_000, outside: 1000, size: 1 },
    { inside: 1_001_001, outside: 2_001_001, size: 999 },
  ]);
  assert.deepEqual(groups, [{ inside: 1_000_000, outside: 2_000_000, size: 2000 }]);
  assert.ok(isIdentity(rangesBetween(plain, { ...plain, size: 131_072 })));
  assert.ok(!isIdentity(rangesBetween(plain, { ...plain, punched })));
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkKeyNames, maxKeyNames } from './key-name.ts';

const table = [
  { key: 'limits.memory' },
  { key: 'security.privileged' },
  { key: 'user.*' },
  { key: 'limits.disk.pool.*' },
];

describe('names of keys', () => {
  for (const name of ['limits.memory', 'l.m', 's.privileged', 'u.role', 'user.a.b', 'l.d.p.fast']) {
    it(`know ${name}`, () => checkKeyNames(table, [name]));
  }

  for (const [name, hint] of [
    ['limits.memroy', '; did you mean "limits.memory"?'],
    ['s.privleged', '; did you mean "security.privileged"?'],
    ['user', ''],
    ['user.', ''],
    ['.memory', ''],
    ['zzzzzzzzzzzz', ''],
  ] as const) {
    it(`refuse ${name}`, () => {
      const message = `Unknown configuration key "${name}"`;
      assert.throws(
        () => checkKeyNames(table, ['l.m', name]),
        (error) => error instanceof Error && error.message.startsWith(message) && error.message.endsWith(hint),
      );
    });
  }

  it('are limited in number', () => {
    const names = Array.from({ length: maxKeyNames + 1 }, () => 'l.m');
    assert.throws(() => checkKeyNames(table, names), { code: 'invalid' });
  });
});

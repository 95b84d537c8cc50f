import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expandAlias, splitWords } from './aliases.ts';

const aliases = {
  ll: 'list -c ns4',
  list: 'list -c ns',
  'in web': 'exec web',
  in: 'exec @ARG1@ -- su -l @ARGS@',
  login: 'exec @ARG1@ -- su - "@ARG2@"',
  again: 'll',
};

describe('an alias', () => {
  for (const [argv, expected] of [
    [['ll'], ['list', '-c', 'ns4']],
    [
      ['ll', '-f', 'csv'],
      ['list', '-c', 'ns4', '-f', 'csv'],
    ],
    [
      ['list', 'web'],
      ['list', '-c', 'ns', 'web'],
    ],
    [
      ['--project', 'blue', 'll'],
      ['--project', 'blue', 'list', '-c', 'ns4'],
    ],
    [
      ['-q', 'll'],
      ['-q', 'list', '-c', 'ns4'],
    ],
    [
      ['in', 'web', 'ls'],
      ['exec', 'web', 'ls'],
    ],
    [
      ['in', 'db', 'x'],
      ['exec', 'db', '--', 'su', '-l', 'x'],
    ],
    [
      ['login', 'db', 'my user', '-v'],
      ['exec', 'db', '--', 'su', '-', 'my user', '-v'],
    ],
    [['again'], ['ll']],
    [
      ['stop', 'll'],
      ['stop', 'll'],
    ],
    [
      ['exec', 'web', '--', 'll'],
      ['exec', 'web', '--', 'll'],
    ],
    [[], []],
    [['--help'], ['--help']],
  ] as const) {
    it(`makes ${argv.join(' ') || 'nothing'} ${expected.join(' ')}`, () => {
      assert.deepEqual(expandAlias(argv, aliases), expected);
    });
  }

  it('says how many arguments it needs', () => {
    assert.throws(() => expandAlias(['login', 'db'], aliases), /at least 2 arguments/);
  });

  it('is split into words as a shell would, without its other powers', () => {
    assert.deepEqual(splitWords(`a 'b c' "d  e"f $HOME ''`), ['a', 'b c', 'd  ef', '$HOME', '']);
    assert.throws(() => splitWords(`a 'b`), /a quote without its end/);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYamlText, yamlLimits } from './yaml-text.ts';

test('every scalar is the text that was written', () => {
  const value = parseYamlText('X', 'a: 12\nb: yes\nc: "0644"\nd: 1e3\ne:\nf: [1, {g: null}]\n');
  assert.deepEqual(
    value,
    new Map<string, unknown>([
      ['a', '12'],
      ['b', 'yes'],
      ['c', '0644'],
      ['d', '1e3'],
      ['e', ''],
      ['f', ['1', new Map([['g', 'null']])]],
    ]),
  );
});

test('a key called __proto__ is a key like any other', () => {
  assert.deepEqual(parseYamlText('X', '__proto__: {a: 1}'), new Map([['__proto__', new Map([['a', '1']])]]));
});

const refused: Readonly<Record<string, [string, RegExp]>> = {
  'an alias': ['a: &x [1]\nb: [*x, *x]', /alias or anchor/],
  'an anchor alone': ['a: &x 1', /alias or anchor/],
  'many anchors, at once': ['&a '.repeat(100_000), /alias or anchor/],
  'a key that is there twice': ['a: 1\na: 2', /"a" twice/],
  'a key that is not text': ['[a]: 1', /key that is not text|deeper/],
  'brackets without end': ['['.repeat(50_000), /deeper than 16/],
  'dashes without end': ['- '.repeat(50_000), /deeper than 16/],
  'questions without end': ['? '.repeat(50_000), /deeper than 16/],
  'nesting by indentation': [
    Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    /deeper than 16/,
  ],
  'more than its size': [`a: ${'x'.repeat(yamlLimits.maxBytes)}`, /larger than/],
  'two documents': ['a: 1\n---\nb: 2', /not valid YAML: line/],
  'broken syntax, with its line': ['a: 1\nb: "x', /line 2/],
};

for (const [what, [text, message]] of Object.entries(refused)) {
  test(`refuses ${what}`, () => {
    assert.throws(() => parseYamlText('X', text), { name: 'Fault', code: 'invalid', message });
  });
}

test('text that only looks like an alias is text', () => {
  assert.deepEqual(
    parseYamlText('X', 'a: |\n  *x\n  &y\nb: "*z"\n'),
    new Map([
      ['a', '*x\n&y\n'],
      ['b', '*z'],
    ]),
  );
});

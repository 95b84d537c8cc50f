import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRelease, imageName, parseRecipe } from './recipe.ts';

const small = 'name: one\ndescription: One\nfrom: busybox\n';
const debian = `
name: debian
description: Debian
from: mmdebstrap
default: 13
releases:
  12: {suite: bookworm, aliases: [bookworm]}
  13: {suite: trixie, packages: [login]}
`;

test('a recipe without releases builds one image of its own name', () => {
  const recipe = parseRecipe('one.yaml', small);
  assert.equal(imageName(recipe, recipe.defaultRelease), 'one');
  assert.equal(recipe.releases.length, 1);
  assert.throws(() => findRelease(recipe, '12'), { code: 'not-found', message: /has no release "12": it has none/ });
});

test('releases are found by name, by alias, and by default', () => {
  const recipe = parseRecipe('debian.yaml', debian);
  assert.equal(imageName(recipe, findRelease(recipe, '')), 'debian/13');
  assert.equal(imageName(recipe, findRelease(recipe, 'bookworm')), 'debian/12');
  assert.deepEqual(findRelease(recipe, '13').packages, ['login']);
  assert.throws(() => findRelease(recipe, '11'), { code: 'not-found', message: /it has 12, 13/ });
});

test('files have octal modes', () => {
  const files = 'files:\n  - {path: /a/b, content: x, mode: 0755}\n  - {path: /c, content: ""}\n';
  assert.deepEqual(parseRecipe('x', small + files).files, [
    { path: '/a/b', content: 'x', mode: 0o755 },
    { path: '/c', content: '', mode: 0o644 },
  ]);
});

const refused: Readonly<Record<string, [string, RegExp]>> = {
  'an unknown key, with the nearest known one': [
    `${small}command: [a]\n`,
    /unknown key "command"; did you mean "commands"\?/,
  ],
  'an unknown key of a file': [
    `${small}files: [{path: /a, contents: x}]`,
    /file 1: unknown key "contents"; did you mean "content"/,
  ],
  'an unknown key of a release': [
    debian.replace('suite: trixie', 'suit: trixie'),
    /unknown key "suit"; did you mean "suite"/,
  ],
  'a missing key': ['name: one\nfrom: busybox\n', /"description" is missing/],
  'an unknown source': [
    small.replace('busybox', 'busibox'),
    /"from" must be one of busybox, mmdebstrap.*did you mean "busybox"/,
  ],
  'packages for busybox': [`${small}packages: [a1]\n`, /"packages" needs "from: mmdebstrap"/],
  'a suite for busybox': [`${small}releases: {a: {suite: b1}}\n`, /need "from: mmdebstrap"/],
  'mmdebstrap without a suite': [small.replace('busybox', 'mmdebstrap'), /needs a suite/],
  'releases without a default': [debian.replace('default: 13\n', ''), /"default" is missing/],
  'a default that is no release': [
    debian.replace('default: 13', 'default: 14'),
    /"default" must be the name of a release/,
  ],
  'two releases of one name': [debian.replace('aliases: [bookworm]', 'aliases: [13]'), /two releases are called "13"/],
  'a name with a slash': [small.replace('name: one', 'name: one/two'), /"name" does not allow "one\/two"/],
  'a package that is an option': [`${debian}packages: [--force]\n`, /"packages" does not allow "--force"/],
  'a suite that is an option': [debian.replace('trixie', '-x'), /"suite" does not allow/],
  'an exclude with a newline': [`${debian}exclude: ["/a\\nb"]\n`, /"exclude" does not allow/],
  'a description of two lines': [small.replace('One', '"a\\nb"'), /"description" does not allow/],
  'a property with an escape sequence': [`${small}properties: {os: "\\e[2J"}\n`, /property "os" must be one line/],
  'a relative path': [`${small}files: [{path: a, content: x}]`, /"path" does not allow "a"/],
  'a path that leads out': [`${small}files: [{path: /a/../b, content: x}]`, /"path" does not allow/],
  'a path to the root itself': [`${small}files: [{path: /, content: x}]`, /"path" does not allow/],
  'a file that is there twice': [
    `${small}files: [{path: /a, content: x}, {path: /a, content: y}]`,
    /\/a is there twice/,
  ],
  'a mode that is not octal': [`${small}files: [{path: /a, content: x, mode: 0899}]`, /"mode" must be octal/],
  'a file that is too large': [`${small}files: [{path: /a, content: "${'x'.repeat(300_000)}"}]`, /larger than/],
  'a command that is not text': [`${small}commands: [[a]]\n`, /"commands" must be a list of scripts/],
  'too many commands': [`${small}commands: [${'a,'.repeat(60)}]\n`, /"commands" has more than 50/],
  'text where a mapping belongs': ['just text', /must be a mapping/],
};

for (const [what, [text, message]] of Object.entries(refused)) {
  test(`refuses ${what}`, () => {
    assert.throws(() => parseRecipe('x.yaml', text), { name: 'Fault', code: 'invalid', message });
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTemplates } from '../templates/template-set.ts';
import { formatMetadata, parseMetadata } from './image-metadata.ts';
import { parseRecipe } from './recipe.ts';

const head = 'architecture: x86_64\ncreation_date: 5\n';
const files = [{ name: 'a.tpl', content: '' }];

function rules(text: string) {
  return parseMetadata(`${head}templates:\n${text}`).templates;
}

test('rules are read as the field writes them, and written so that they read back', () => {
  const text = `
  /etc/hostname:
    when: [create, copy, unheard-of, create]
    template: a.tpl
    create_only: True
    later: ignored
    properties: {default: "#cloud-config\\n{}"}
  "/etc/with space":
    when:
      - start
    template: a.tpl
    uid: 0
    gid: 1000
    mode: 0600
`;
  const read = rules(text);
  assert.deepEqual(read, [
    {
      ...{ path: '/etc/hostname', when: ['create', 'copy'], template: 'a.tpl', createOnly: true },
      properties: { default: '#cloud-config\n{}' },
    },
    {
      ...{ path: '/etc/with space', when: ['start'], template: 'a.tpl', createOnly: false, properties: {} },
      ...{ uid: 0, gid: 1000, mode: 0o600 },
    },
  ]);
  checkTemplates('It', { rules: read, files });
  const metadata = { architecture: 'x86_64', creationDate: 5, properties: {}, templates: read };
  assert.deepEqual(parseMetadata(formatMetadata(metadata)), metadata);
  assert.doesNotMatch(formatMetadata({ ...metadata, templates: [] }), /templates/);
});

test('rules that are no rules are refused', () => {
  for (const text of [
    '  - /etc/a',
    '  /etc/a: text',
    '  /etc/a: {when: create}',
    '  /etc/a: {template: [x]}',
    '  /etc/a: {properties: [x]}',
    '  /etc/a: {properties: {x: [y]}}',
    '  /etc/a: {mode: rwx}',
    '  /etc/a: {uid: -1}',
  ]) {
    assert.throws(() => rules(text), { code: 'invalid' }, text);
  }
});

test('paths, names and properties that could lead elsewhere are refused', () => {
  for (const [key, template, more] of [
    ['etc/relative', 'a.tpl', ''],
    ['/etc/../../x', 'a.tpl', ''],
    ['/', 'a.tpl', ''],
    ['/etc/', 'a.tpl', ''],
    ['//etc', 'a.tpl', ''],
    ['"/a\\nb"', 'a.tpl', ''],
    ['__proto__', 'a.tpl', ''],
    ['/etc/a', '../a.tpl', ''],
    ['/etc/a', 'b.tpl', ''],
    ['/etc/a', '', ''],
    ['/etc/a', 'constructor', ''],
    ['/etc/a', 'a.tpl', ', properties: {__proto__: x}'],
    ['/etc/a', 'a.tpl', ', uid: 4294967295'],
  ] as const) {
    const read = rules(`  ${key}: {when: [create], template: "${template}"${more}}`);
    assert.throws(
      () => checkTemplates('It', { rules: read, files }),
      { code: 'invalid' },
      `${key} ${template} ${more}`,
    );
  }
});

test('all templates together are bounded', () => {
  const many = Array.from({ length: 16 }, (_, index) => ({ name: `t${index}`, content: 'x'.repeat(60_000) }));
  assert.throws(() => checkTemplates('It', { rules: [], files: many }), {
    code: 'exhausted',
    message: /bytes of templates/,
  });
  assert.throws(() => checkTemplates('It', { rules: [], files: [...files, ...files] }), { message: /there twice/ });
});

const recipe = (templates: string) =>
  parseRecipe('one.yaml', `name: one\ndescription: One\nfrom: busybox\ntemplates:\n${templates}`).templates;

test('a recipe brings templates, whose names come from their paths', () => {
  const { rules: read, files: made } = recipe(`
  - {path: /etc/hostname, content: a}
  - {path: /srv/hostname, content: b, when: [start], create_only: true, mode: 0600}
  - {path: /etc/.äx, content: c}
`);
  assert.deepEqual(
    made.map(({ name, content }) => [name, content]),
    [
      ['hostname.tpl', 'a'],
      ['hostname-2.tpl', 'b'],
      ['x.tpl', 'c'],
    ],
  );
  assert.deepEqual(read[0]?.when, ['create', 'copy', 'rename']);
  assert.deepEqual([read[1]?.when, read[1]?.createOnly, read[1]?.mode], [['start'], true, 0o600]);
  for (const [wrong, message] of [
    ['  - {path: /etc/a}', /"path" and "content" are needed/],
    ['  - {path: a, content: b}', /no absolute path/],
    ['  - {path: /a, content: b, when: [never]}', /"when" must be a list of create/],
    ['  - {path: /a, content: b, contnt: c}', /did you mean "content"/],
    ['  - {path: /a, content: b}\n  - {path: /a, content: b}', /there twice/],
    ['  - {path: /a, content: b, mode: 9}', /octal/],
  ] as const) {
    assert.throws(() => recipe(wrong), { code: 'invalid', message }, wrong);
  }
});

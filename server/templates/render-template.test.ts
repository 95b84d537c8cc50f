import assert from 'node:assert/strict';
import { test } from 'node:test';
import { literalConstructs, maxRenderedBytes, renderTemplate, type TemplateFacts } from './render-template.ts';

const facts: TemplateFacts = {
  trigger: 'create',
  path: '/etc/hostname',
  instance: { name: 'web', project: 'default', architecture: 'x86_64', privileged: false, ephemeral: true },
  config: { 'user.greeting': 'hello', 'user.nested': '{{ instance.name }}', 'user.empty': '' },
  properties: { default: 'the default', 'other-one': '2' },
};

test('tokens become what they stand for, with and without spaces', () => {
  for (const [text, expected] of [
    ['{{ instance.name }}\n', 'web\n'],
    ['{{container.name}} {{\tcontainer.architecture }}', 'web x86_64'],
    ['{{ instance.privileged }}/{{ instance.ephemeral }}/{{ instance.type }}', 'false/true/container'],
    ['{{ trigger }} {{ path }} {{ instance.project }}', 'create /etc/hostname default'],
    ['{{ properties.default }}{{ properties.other-one }}{{ properties.none }}', 'the default2'],
    ['{{ config_get("user.greeting", "x") }}', 'hello'],
    ['{{ config_get("user.none", "a b") }}|{{ config_get("user.none") }}', 'a b|'],
    ['{{ config_get("user.none", properties.default) }}', 'the default'],
    ['{{config_get( "user.empty" , "x" )}}', ''],
    ['no tokens, {braces}', 'no tokens, {braces}'],
  ] as const) {
    assert.equal(renderTemplate(text, facts), expected, text);
  }
});

test('what is no token stays literally as it is', () => {
  for (const text of [
    '{% include "/etc/shadow" %}',
    '{{7*7}}',
    '{{ 7 * 7 }}',
    '{{ instance.constructor }}',
    '{{ instance.__proto__ }}',
    '{{ constructor }}',
    '{{ tostring }}',
    '{{ instance }}',
    '{{ config }}',
    '{{ devices.root.path }}',
    '{{ instance.name | upper }}',
    '{{ instance["name"] }}',
    '{{ config_get("user.greeting", 7) }}',
    '{{ config_get(\'user.greeting\', "x") }}',
    '{{ config_get("a\\"b", "") }}',
    '{{{ nothing }}}',
    '{# a comment #}',
    '{% if config_get("user.greeting", "") == "" %}',
    '{{ process.env }}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is the test
    '${instance.name} <%= name %> #{name}',
    '{{ instance.name',
    '{{ instance\n.name }}',
  ]) {
    assert.equal(renderTemplate(text, facts), text, text);
  }
});

test('keys of prototypes are no configuration and no property', () => {
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    assert.equal(renderTemplate(`{{ config_get("${key}", "none") }}`, facts), 'none', key);
    assert.equal(renderTemplate(`{{ properties.${key} }}`, facts), '', key);
  }
});

test('a value is never read as a template', () => {
  assert.equal(renderTemplate('{{ config_get("user.nested", "") }}', facts), '{{ instance.name }}');
  const split = { ...facts, config: { a: '{{ instance', b: '.name }}' } };
  assert.equal(renderTemplate('{{ config_get("a") }}{{ config_get("b") }}', split), '{{ instance.name }}');
});

test('the result is bounded', () => {
  const long = { ...facts, config: { 'user.long': 'x'.repeat(64 * 1024) } };
  const text = '{{ config_get("user.long") }}'.repeat(maxRenderedBytes / (64 * 1024));
  assert.equal(renderTemplate(text, long).length, maxRenderedBytes);
  assert.throws(() => renderTemplate(`${text}.`, long), { code: 'exhausted' });
});

test('no text makes the search slow', () => {
  const size = 64 * 1024;
  for (const piece of [
    '{{ ',
    '{{',
    '{{config_get("',
    '{{ config_get("a","',
    '{{                ',
    '{{ properties.aaaaaaa',
  ]) {
    const text = piece.repeat(Math.ceil(size / piece.length));
    const began = performance.now();
    assert.equal(renderTemplate(text, facts), text);
    literalConstructs(text);
    assert.ok(performance.now() - began < 2000, piece);
  }
});

test('what stays as it is can be named, the first few of it', () => {
  assert.deepEqual(literalConstructs('{{ instance.name }} {{ properties.x }} {{ config_get("a", "") }} {plain}'), []);
  assert.deepEqual(literalConstructs('{% if x %}\n{{ instance.nmae }}\n{# c #}'), [
    '{% if x %}',
    '{{ instance.nmae }}',
    '{# c #}',
  ]);
  assert.equal(literalConstructs('{{ x }}\n'.repeat(100)).length, 5);
});

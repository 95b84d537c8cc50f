import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toYaml } from '../output/format.ts';
import { metadataRecord, parseMetadataDocument } from './document.ts';

const rule = {
  ...{ path: '/etc/a', when: ['create', 'start'], template: 'a.tpl', createOnly: true },
  ...{ properties: { default: '#cloud-config\n{}' }, uid: 0, gid: 5, mode: 0o600 },
};
const plain = { path: '/etc/b', when: [], template: 'a.tpl', createOnly: false, properties: {} };
const metadata = {
  architecture: 'x86_64',
  creationDate: 1_700_000_000,
  properties: { os: 'Debian' },
  rules: [rule, plain],
};

test('what is shown can be written back', async () => {
  const text = await toYaml(metadataRecord({ ...metadata, etag: 'e' }));
  assert.match(text, /^ {4}mode: "?0600"?$/m);
  assert.deepEqual(await parseMetadataDocument(text, 'It'), metadata);
});

test('a document that is wrong is refused with the reason', async () => {
  for (const [text, message] of [
    ['- a', /not a map/],
    ['a: [', /not YAML/],
    ['template: {}', /unknown key "template"/],
    ['creation_date: soon', /not a number of seconds/],
    ['properties: [a]', /"properties" that are not a map/],
    ['templates: [a]', /"templates" that are not a map/],
    ['templates: {/a: b}', /wrong at \/a: it is not a map/],
    ['templates: {/a: {whn: [create]}}', /unknown key "whn"/],
    ['templates: {/a: {when: create}}', /"when" is not a list/],
    ['templates: {/a: {create_only: maybe}}', /neither true nor false/],
    ['templates: {/a: {mode: 999}}', /"mode" is no number/],
  ] as const) {
    await assert.rejects(parseMetadataDocument(text, 'It'), { message }, text);
  }
});

test('an empty document has nothing', async () => {
  const empty = { architecture: 'x86_64', creationDate: 0, properties: {}, rules: [] };
  assert.deepEqual(await parseMetadataDocument('architecture: x86_64\ntemplates:\n', 'It'), empty);
});

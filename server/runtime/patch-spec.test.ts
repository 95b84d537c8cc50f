import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePatch, patchFault } from './patch-spec.ts';

test('a patch may change what yurt does not rely on', () => {
  for (const good of [
    '{}',
    '{"linux":{"seccomp":null,"resources":{"hugepageLimits":[]}},"annotations":{"a":"b"}}',
    '{"process":{"noNewPrivileges":true},"hooks":{"poststart":[]}}',
  ]) {
    assert.equal(patchFault(good), undefined, good);
    assert.ok(parsePatch(good) !== undefined);
  }
});

test('what yurt relies on is refused by name', () => {
  for (const [bad, path] of [
    ['{"root":{"path":"/"}}', 'root'],
    ['{"mounts":[]}', 'mounts'],
    ['{"hostname":"x"}', 'hostname'],
    ['{"process":{"args":["/bin/sh"]}}', 'process.args'],
    ['{"process":{"user":{"uid":1}}}', 'process.user'],
    ['{"process":null}', 'process'],
    ['{"linux":[]}', 'linux'],
    ['{"linux":{"namespaces":[]}}', 'linux.namespaces'],
    ['{"linux":{"uidMappings":null}}', 'linux.uidMappings'],
    ['{"linux":{"cgroupsPath":"/"}}', 'linux.cgroupsPath'],
    ['{"linux":{"sysctl":{},"cgroupsPath":"/"}}', 'linux.cgroupsPath'],
    ['{"ociVersion":"2"}', 'ociVersion'],
  ] as const) {
    assert.match(patchFault(bad) ?? '', new RegExp(`leaves "${path.replace('.', '\\.')}" alone`), bad);
    assert.equal(parsePatch(bad), undefined);
  }
});

test('what is no JSON object is none', () => {
  for (const bad of ['', '[]', 'null', '1', '{', '"x"']) assert.match(patchFault(bad) ?? '', /a JSON object/, bad);
  assert.match(patchFault(`{"annotations":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`) ?? '', /at most 16 levels/);
});

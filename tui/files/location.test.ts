import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { namesDirectory, parseLocation, parseLocations } from './location.ts';

describe('a file of an instance', () => {
  it('is written INSTANCE/PATH', () => {
    const { instance, path } = parseLocation('web/etc/hosts');
    assert.deepEqual([instance, path.toString()], ['web', '/etc/hosts']);
    assert.equal(parseLocation('web/').path.toString(), '/');
    for (const text of ['web', '/etc/hosts', '']) assert.throws(() => parseLocation(text), /INSTANCE\/PATH/);
  });

  it('is of the same instance as the others of one command', () => {
    assert.equal(parseLocations(['web/a', 'web/b']).length, 2);
    assert.throws(() => parseLocations(['web/a', 'db/b']), /another instance/);
  });

  it('says by its end that it is a directory', () => {
    for (const path of ['/', '/a/', '/a/.', '/a/..']) assert.ok(namesDirectory(Buffer.from(path)), path);
    for (const path of ['/a', '/a/...', '/.a', '/a.']) assert.ok(!namesDirectory(Buffer.from(path)), path);
  });
});

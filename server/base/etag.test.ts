import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { etagOf } from './etag.ts';

describe('the tag of a content', () => {
  it('does not hang on the order of keys', () => {
    assert.equal(etagOf({ a: '1', b: { c: '2', d: '3' } }), etagOf({ b: { d: '3', c: '2' }, a: '1' }));
  });

  it('differs when a value, a key or the order of a list does', () => {
    const tags = [{ a: '1' }, { a: '2' }, { b: '1' }, { a: ['x', 'y'] }, { a: ['y', 'x'] }, {}].map(etagOf);
    assert.equal(new Set(tags).size, tags.length);
  });
});

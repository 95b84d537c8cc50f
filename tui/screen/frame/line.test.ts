import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wrappedWords } from './line.ts';

describe('a text in several lines', () => {
  it('breaks between words, and within those alone that no line has room for', () => {
    assert.deepEqual(wrappedWords('one two three', 8), ['one two', 'three']);
    assert.deepEqual(wrappedWords('add 1234567890 now', 8), ['add 1234', '567890', 'now']);
    assert.deepEqual(wrappedWords('', 8), ['']);
    assert.deepEqual(wrappedWords('日本 語', 4), ['日本', '語']);
  });
});

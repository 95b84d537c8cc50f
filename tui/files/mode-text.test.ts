import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modeText } from './mode-text.ts';

describe('the mode of a file', () => {
  it('reads as ls shows it', () => {
    assert.equal(modeText('file', 0o644), '-rw-r--r--');
    assert.equal(modeText('directory', 0o1777), 'drwxrwxrwt');
    assert.equal(modeText('symlink', 0o777), 'lrwxrwxrwx');
    assert.equal(modeText('file', 0o6755), '-rwsr-sr-x');
    assert.equal(modeText('file', 0o7644), '-rwSr-Sr-T');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editLine, editorOf, insert, type LineEditor } from './line-editor.ts';

/** `|` is the cursor. */
const shown = ({ text, cursor }: LineEditor) => `${text.slice(0, cursor)}|${text.slice(cursor)}`;
const made = (marked: string): LineEditor => ({ text: marked.replace('|', ''), cursor: marked.indexOf('|') });

describe('a line that is typed', () => {
  for (const [before, key, after] of [
    ['ab|c', 'left', 'a|bc'],
    ['|abc', 'left', '|abc'],
    ['ab|c', 'right', 'abc|'],
    ['abc|', 'right', 'abc|'],
    ['ab|c', 'home', '|abc'],
    ['a|bc', 'end', 'abc|'],
    ['ab|c', 'backspace', 'a|c'],
    ['|abc', 'backspace', '|abc'],
    ['ab|c', 'delete', 'ab|'],
    ['ab|c', 'ctrl+u', '|c'],
    ['a|bc', 'ctrl+k', 'a|'],
    ['one two |x', 'ctrl+w', 'one |x'],
    ['a😀|b', 'backspace', 'a|b'],
    ['a|😀b', 'right', 'a😀|b'],
  ] as const) {
    it(`is ${after} after ${key} at ${before}`, () => {
      const edited = editLine(made(before), { key, text: '' });
      assert.ok(edited !== undefined);
      assert.equal(shown(edited), after);
    });
  }

  it('takes what is typed where the cursor is', () => {
    const edited = editLine(made('a|c'), { key: 'b', text: 'b' });
    assert.equal(edited === undefined ? '' : shown(edited), 'ab|c');
  });

  it('leaves keys alone that are none of its own', () => {
    assert.equal(editLine(made('a|'), { key: 'pageDown', text: '' }), undefined);
  });

  it('takes no control from what is pasted, and no more than it has room for', () => {
    assert.equal(insert(editorOf(), 'a\r\nb\x1b[2Jc').text, 'a b [2Jc');
    assert.equal(insert(editorOf(), 'x'.repeat(100_000)).text.length, 1000);
  });
});

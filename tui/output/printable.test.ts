import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toJson, toYaml } from './format.ts';
import { printable, printableLines } from './printable.ts';

/** Every way known to act upon a terminal, or to make a line look like another one. */
const hostile: Readonly<Record<string, string>> = {
  'clearing the screen': '\x1b[2Jweb',
  'a window title (OSC 0)': '\x1b]0;title\x07',
  'a link (OSC 8)': '\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\',
  'the clipboard (OSC 52)': '\x1b]52;c;ZWNobw==\x07',
  'C1 controls': '\x9b2J\x9d0;x\x9c\x85',
  'a bell, a backspace and a delete': '\x07\b\x7f',
  'line ends and tabs': 'a\r\nb\tc\vd\fe',
  'bidirectional controls': 'a\u202eb\u2066c\u2069\u200f',
  'line separators': 'a\u2028b\u2029c',
  'invisible characters': 'a\u200bb\u2060c\ufeffd\u00ade',
  'tag characters': 'a\u{e0041}\u{e007f}',
  'lone surrogates': 'a\ud800b\udfffc',
  'a tower of marks': `a${'\u0301'.repeat(50)}`,
};

const forbidden =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}\p{Cs}]|\p{M}{5}/u;

describe('printable text', () => {
  for (const [what, text] of Object.entries(hostile)) {
    it(`holds nothing of ${what}`, () => {
      assert.doesNotMatch(printable(text), forbidden);
      assert.doesNotMatch(printable(text), /\n/);
      assert.doesNotMatch(printableLines(text), forbidden);
    });
  }

  it('shows what it took the place of', () => {
    assert.equal(printable('\x1b[2J\u202ex\n'), '\\x1b[2J\\u{202e}x\\x0a');
  });

  it('leaves words of any language alone', () => {
    for (const word of ['web-1', 'Zürich', '東京', 'résumé\u0301', 'हिन्दी', '🛖']) assert.equal(printable(word), word);
  });
});

describe('documents for machines', () => {
  const strings = Object.fromEntries(Object.entries(hostile).filter(([, text]) => text.isWellFormed()));

  it('of JSON hold no such characters and read back the same', () => {
    const text = toJson(strings);
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/);
    assert.deepEqual(JSON.parse(text), strings);
  });

  it('of YAML hold no such characters and read back the same', async () => {
    const { parse } = await import('yaml');
    const text = await toYaml({
      ...strings,
      [hostile['clearing the screen'] ?? '']: 'a key',
      list: [hostile['C1 controls']],
    });
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/);
    assert.deepEqual(parse(text), {
      ...strings,
      [hostile['clearing the screen'] ?? '']: 'a key',
      list: [hostile['C1 controls']],
    });
  });

  it('of YAML keep scripts readable', async () => {
    assert.equal(
      await toYaml({ 'user.data': '#cloud-config\nruncmd:\n  - true\n' }),
      'user.data: |\n  #cloud-config\n  runcmd:\n    - true\n',
    );
  });
});

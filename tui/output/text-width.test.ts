import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import stringWidth from 'string-width';
import { isPlain, textWidth } from './text-width.ts';

const lastCodePoint = 0x10ffff;
/** Ideographs and what is not assigned come in thousands that are all alike: of these, some. */
const characters = Array.from({ length: lastCodePoint + 1 }, (_, code) => String.fromCodePoint(code)).filter(
  (one, code) => code % 97 === 0 || !/[\p{Cn}\p{Co}\p{Cs}\p{Script=Han}\p{Script=Hangul}]/u.test(one),
);

/** The widths that the library of the field has for them; those that differ. */
function different(texts: readonly string[]): string[] {
  return texts
    .filter((text) => textWidth(text) !== stringWidth(text))
    .map((text) => `${JSON.stringify(text)} U+${text.codePointAt(0)?.toString(16)}`);
}

describe('the width of a text', () => {
  it('is what the library says, for each character', () => {
    assert.deepEqual(different(characters.filter((one) => !/[\x1b\x9b]/.test(one))), []);
  });

  it('is what the library says for emoji that are several characters', () => {
    const emoji = characters.filter((one) => /^\p{Emoji}/u.test(one));
    const hands = characters.filter((one) => /^\p{Emoji_Modifier_Base}/u.test(one));
    assert.ok(emoji.length > 1000 && hands.length > 100);
    assert.deepEqual(different(emoji.filter((one) => !/[\d#*]/.test(one)).map((one) => `${one}\ufe0f`)), []);
    assert.deepEqual(different(hands.map((one) => `${one}\u{1f3fd}`)), []);
    assert.deepEqual(
      different(['1\ufe0f\u20e3', '#\u20e3', '\u{1f1e9}\u{1f1ea}', '👩‍🚀', '👨‍👩‍👧‍👦', '🏴‍☠️', '❤️‍🔥', '1\ufe0f']),
      [],
    );
  });

  it('is what the library says for marks, scripts and mixtures', () => {
    const parts = [
      'a',
      '…',
      'é',
      'e\u0301',
      '漢',
      '한',
      '\u1112\u1161\u11ab',
      'ｶﾞ',
      'कि',
      '▸',
      '✔',
      '👍🏽',
      '\u200b',
      '─',
    ];
    assert.deepEqual(different(parts.flatMap((one) => parts.map((other) => `${one}${other}x${one}`))), []);
  });

  it('takes no character for a plain one that has another width, or may join with its neighbours', () => {
    const plain = characters.filter(isPlain);
    assert.ok(plain.length > 600);
    assert.deepEqual(
      plain.filter((one) => stringWidth(one) !== 1),
      [],
    );
    assert.deepEqual(
      plain.filter((one) => stringWidth(`a${one}a`) !== 3 || one.length !== 1),
      [],
    );
  });
});

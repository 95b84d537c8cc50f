import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeHeaders, encodeHeaders } from './header-block.ts';
import { decodeHuffman } from './huffman.ts';

/** A block from hexadecimal digits. */
function decode(hex: string): Record<string, string> {
  return { ...decodeHeaders(Buffer.from(hex, 'hex')) };
}

describe('a block of headers', () => {
  it('is read back as it was written', () => {
    const headers = {
      ':path': '/yurt.v1.InstanceService/ListInstances',
      te: 'trailers',
      long: 'x'.repeat(20_000),
      no: '',
    };
    assert.deepEqual({ ...decodeHeaders(encodeHeaders(headers)) }, headers);
  });

  it('has the names and values that everybody knows', () => {
    assert.deepEqual(decode('88'), { ':status': '200' });
    assert.deepEqual(decode('8d'), { ':status': '404' });
    assert.deepEqual(decode('bd'), { 'www-authenticate': '' });
    assert.deepEqual(decode('5f0130'), { 'content-type': '0' }, 'to be remembered');
    assert.deepEqual(decode('200f100130'), { 'content-type': '0' }, 'after a table of no size');
  });

  for (const [hex, text] of [
    ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'],
    ['a8eb10649cbf', 'no-cache'],
    ['25a849e95ba97d7f', 'custom-key'],
    ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
  ] as const) {
    it(`reads the specification's example "${text}"`, () => {
      assert.equal(decodeHuffman(Buffer.from(hex, 'hex')), text);
    });
  }

  for (const [what, hex] of [
    ['an index of nothing', '80'],
    ['an index of what was to be remembered', 'be'],
    ['a table that would have to be kept', '3f01'],
    ['a string that ends too early', '00056162'],
    ['a name without a value', '000161'],
    ['a number without an end', '7fffffffffff7f'],
    ['a number that is cut off', '7fff'],
    ['padding of zeros', '00016182f100'],
    ['a whole byte of padding', '00016182 1fff'.replace(' ', '')],
    ['the code for the end', '00016184ffffffff'],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => decode(hex), RangeError);
    });
  }
});

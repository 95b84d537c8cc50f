import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseBitRate } from './bit-rate.ts';

it('rates of bits are read as the field writes them', () => {
  const rates = { '1000': 1000, '8bit': 8, '512kbit': 512_000, '10Mbit': 10_000_000, '1Gibit': 1_073_741_824 };
  for (const [text, bits] of Object.entries(rates)) assert.equal(parseBitRate(text), bits, text);
});

it('what is no rate of bits is refused', () => {
  const texts = ['', 'fast', '10MB', '10Mib', '1ibit', '-1', '1.5Mbit', '10 Mbit', '9999999999999', '999999999999Tbit'];
  for (const text of texts) assert.equal(parseBitRate(text), undefined, text);
});

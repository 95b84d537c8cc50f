import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkExpiry, expiryOf } from './expiry.ts';

const from = new Date('2026-01-31T00:00:00Z');

describe('an expiry', () => {
  it('is a sum of spans, or a date', () => {
    assert.equal(expiryOf('', from), undefined);
    assert.equal(expiryOf('30M', from)?.toISOString(), '2026-01-31T00:30:00.000Z');
    assert.equal(expiryOf('1d 12H', from)?.toISOString(), '2026-02-01T12:00:00.000Z');
    assert.equal(expiryOf('2w', from)?.toISOString(), '2026-02-14T00:00:00.000Z');
    assert.equal(expiryOf('1y', from)?.toISOString(), '2027-01-31T00:00:00.000Z');
    assert.equal(expiryOf('2030-01-31T12:00:00Z', from)?.toISOString(), '2030-01-31T12:00:00.000Z');
  });

  it('is refused when it is neither, past, or beyond all sense', () => {
    for (const bad of ['x', '1', 'd', '1D', '2020-01-01', '999999y', '1e3d']) {
      assert.throws(() => expiryOf(bad, from), { code: 'invalid' }, bad);
    }
    assert.notEqual(checkExpiry('soon'), undefined);
    assert.equal(checkExpiry('1d 12H'), undefined);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Credit, maxCreditBytes } from './credit.ts';
import { ProtocolError } from './frame.ts';

describe('a window', () => {
  it('rises with grants and falls with use, to nothing and no further', () => {
    const credit = new Credit();
    assert.throws(() => credit.use(1), ProtocolError);
    credit.grant(10);
    credit.grant(5);
    credit.use(15);
    assert.equal(credit.available, 0);
    assert.throws(() => credit.use(1), ProtocolError);
  });

  it('is bounded, and every grant is a positive whole number', () => {
    const credit = new Credit();
    for (const bytes of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, maxCreditBytes + 1]) {
      assert.throws(() => credit.grant(bytes), ProtocolError);
    }
    credit.grant(maxCreditBytes);
    assert.throws(() => credit.grant(1), ProtocolError);
    assert.equal(credit.available, maxCreditBytes);
  });
});

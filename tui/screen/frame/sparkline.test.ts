import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chart, sparkline } from './sparkline.ts';

describe('a chart', () => {
  it('is as high as it should be, from nothing to the most', () => {
    assert.deepEqual(
      chart([0, 25, 50, 100], 6, 2, 100),
      ['     █', '  ▁▄██'].map((row) => row.padStart(6)),
    );
  });

  it('shows the last values, and nothing beyond its top', () => {
    assert.deepEqual(chart([9, 1, 1000], 2, 1, 10), ['▁█']);
  });

  it('of nothing but zeros is flat', () => {
    assert.deepEqual(chart([0, 0], 3, 2), ['   ', ' ▁▁']);
    assert.equal(sparkline([0, 0], 3), ' ▁▁');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { figuresOf, interleave } from './measure.ts';

describe('measuring', () => {
  it('takes the median of an odd and of an even number of samples', () => {
    assert.deepEqual(figuresOf([3, 1, 2]), { median: 2, min: 1, max: 3, count: 3 });
    assert.deepEqual(figuresOf([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4, count: 4 });
  });

  it('takes turns, in the other order each round, and leaves the first round out', async () => {
    const order: string[] = [];
    const rows = await interleave([{ name: 'a' }, { name: 'b' }], 2, 'ms', async ({ name }, round) => {
      order.push(name);
      return { work: round === 0 ? 1000 : round, ...(name === 'b' ? { extra: 7 } : {}) };
    });
    assert.equal(order.join(''), 'abbaab');
    assert.deepEqual(
      rows.map(({ work, figures }) => [work, [...figures].map(([name, { median }]) => [name, median])]),
      [
        [
          'work',
          [
            ['a', 1.5],
            ['b', 1.5],
          ],
        ],
        ['extra', [['b', 7]]],
      ],
    );
  });
});

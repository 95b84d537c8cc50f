import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkSchedule, isDue, isDueAtStart } from './schedule.ts';

const at = (text: string) => new Date(`2026-03-04T${text}`);

describe('a schedule', () => {
  it('is due once when one of its moments has passed', () => {
    assert.equal(isDue('*/5 * * * *', at('10:04:59'), at('10:05:00')), true);
    assert.equal(isDue('*/5 * * * *', at('10:05:00'), at('10:06:00')), false);
    assert.equal(isDue('@hourly', at('10:59:30'), at('11:00:30')), true);
    assert.equal(isDue('@weekly, @daily', at('00:00:30'), at('23:59:59')), false);
    assert.equal(isDue('0 3 * * 1,2,3', at('02:59:00'), at('03:00:00')), true);
    assert.equal(isDue('', at('00:00:00'), at('23:00:00')), false);
  });

  it('may ask for something at the start', () => {
    assert.equal(isDueAtStart('@daily, @startup'), true);
    assert.equal(isDue('@startup', at('00:00:00'), at('23:00:00')), false);
  });

  it('is refused when it is none, or goes by seconds', () => {
    for (const good of ['', '@daily', '@daily, @startup', '15 4 * * *', '0 0 1 1 *']) {
      assert.equal(checkSchedule(good), undefined, good);
    }
    for (const bad of ['@never', 'daily', '* * * *', '* * * * * *', '61 * * * *', '@daily @weekly', 'x'.repeat(300)]) {
      assert.notEqual(checkSchedule(bad), undefined, bad);
    }
  });
});

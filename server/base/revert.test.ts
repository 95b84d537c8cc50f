import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from './log.ts';
import { Revert } from './revert.ts';

describe('a revert stack', () => {
  it('undoes the newest step first, and goes on when an undo fails', async () => {
    const undone: string[] = [];
    const action = async () => {
      await using revert = new Revert(silentLog);
      revert.push('one', () => void undone.push('one'));
      revert.push('two', () => {
        undone.push('two');
        throw new Error('cannot');
      });
      revert.push('three', async () => void undone.push('three'));
      throw new Error('the reason');
    };
    await assert.rejects(action(), { message: 'the reason' });
    assert.deepEqual(undone, ['three', 'two', 'one']);
  });

  it('undoes nothing after commit', async () => {
    let undone = false;
    {
      await using revert = new Revert(silentLog);
      revert.push('one', () => {
        undone = true;
      });
      revert.commit();
    }
    assert.equal(undone, false);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InstanceLocks } from './instance-locks.ts';

describe('the lock of an instance', () => {
  it('is held by one verb, which a second one is told', async () => {
    const locks = new InstanceLocks();
    const held = locks.acquire('default', 'web', 'stopped');
    const refusal = { code: 'wrong-state', message: 'instance/web is busy: it is being stopped' };
    assert.throws(() => locks.acquire('default', 'web', 'started'), refusal);
    await assert.rejects(locks.acquireChange('default', 'web'), refusal);
    locks.acquire('default', 'other', 'started');
    held[Symbol.dispose]();
    assert.equal(locks.current('default', 'web'), undefined);
  });

  it('is waited for by changes while another change holds it', async () => {
    const locks = new InstanceLocks();
    const order: number[] = [];
    const change = async (number: number) => {
      using _lock = await locks.acquireChange('default', 'web');
      order.push(number);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(number);
    };
    await Promise.all([change(1), change(2), change(3)]);
    assert.deepEqual(
      order.filter((_, index) => index % 2 === 0),
      order.filter((_, index) => index % 2 === 1),
      'none ran inside another',
    );
    await locks.released('default', 'web');
  });
});

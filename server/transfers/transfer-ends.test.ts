import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelPair } from '../../test/fakes/channel-pair.ts';
import { Fault } from '../base/fault.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import { TransferEnds } from './transfer-ends.ts';

const parties = { opener: 'client', peer: 'server' };
const task = ownTask(silentLog);

describe('the ends of transfers', () => {
  it('are connected once, by one of their parties', async () => {
    const ends = new TransferEnds();
    const end = ends.open(parties);
    for (const [secret, party] of [
      ['', 'client'],
      [`${end.secret}x`, 'client'],
      [end.secret, 'other'],
      [end.secret, ''],
    ] as const) {
      assert.throws(() => ends.take(secret, party), { code: 'forbidden' });
    }
    const { one } = new ChannelPair();
    ends.take(end.secret, 'server')(one);
    assert.equal(await end.connected(task), one);
    assert.throws(() => ends.take(end.secret, 'server'), { code: 'forbidden' });
  });

  it('are for their opener alone when no other server is named', () => {
    const ends = new TransferEnds();
    const { secret } = ends.open({ opener: 'client', peer: '' });
    assert.throws(() => ends.take(secret, ''), { code: 'forbidden' });
    ends.check(secret, 'client');
    ends.take(secret, 'client');
  });

  it('are connected to others by their opener, not by the server that may come', () => {
    const ends = new TransferEnds();
    const { secret } = ends.open(parties);
    ends.check(secret, 'client');
    assert.throws(() => ends.check(secret, 'server'), { code: 'forbidden' });
    assert.throws(() => ends.check('', 'client'), { code: 'forbidden' });
  });

  it('give up when nobody comes, and their secret with them', async () => {
    const ends = new TransferEnds({ waitMs: 1 });
    const end = ends.open(parties);
    const keepAlive = setInterval(() => {}, 1000);
    await assert.rejects(end.connected(task), { code: 'timed-out' });
    clearInterval(keepAlive);
    assert.throws(() => ends.take(end.secret, 'client'), { code: 'forbidden' });
  });

  it('give up when they are canceled, and tell who comes at that moment', async () => {
    const ends = new TransferEnds({ maxEnds: 1 });
    const canceled = new AbortController();
    const end = ends.open(parties);
    assert.throws(() => ends.open(parties), { code: 'exhausted' });
    const { one, other } = new ChannelPair();
    const connect = ends.take(end.secret, 'server');
    const connected = end.connected({ ...task, signal: canceled.signal });
    canceled.abort(new Fault('canceled', 'Enough'));
    connect(one);
    await assert.rejects(connected, { code: 'canceled' });
    const frame = await other.receive();
    assert.equal(frame.type === 'failed' && frame.fault.code, 'canceled');
    ends.open(parties);
  });
});

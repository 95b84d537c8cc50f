import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '../base/log.ts';
import { BootFollower, type BootState, bootPatienceMs } from './boot-follower.ts';
import type { Instance } from './instance.ts';

const instance = (startedAt: Date) => ({ uuid: 'u', startedAt: startedAt.toISOString() }) as Instance; // all that is read

describe('a boot that is followed', () => {
  const booting = () => {
    const probed = Promise.withResolvers<BootState>();
    const follower = new BootFollower({ log: silentLog, probe: () => probed.promise, ready() {} });
    return { probed, follower };
  };
  const { signal } = new AbortController();

  it('is waited for', async () => {
    const { probed, follower } = booting();
    follower.follow(instance(new Date()));
    let booted = false;
    const waiting = follower.booted('u', signal).then(() => {
      booted = true;
    });
    await new Promise(setImmediate);
    assert.equal(booted, false);
    probed.resolve({ ready: true, initState: 'running' });
    await waiting;
    follower.close();
  });

  it('is not waited for once it has had its time', async () => {
    const { follower } = booting();
    follower.follow(instance(new Date(Date.now() - 60_000)));
    await follower.booted('u', signal);
    follower.close();
  });

  it('is waited for no longer when the clock was set back', async (context) => {
    const { follower } = booting();
    follower.follow(instance(new Date(Date.now() + 3_600_000)));
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const waiting = follower.booted('u', signal);
    context.mock.timers.tick(bootPatienceMs);
    await waiting;
    context.mock.timers.reset();
    follower.close();
  });

  it('is not waited for when it ends, or was never followed', async () => {
    const { follower } = booting();
    follower.follow(instance(new Date()));
    const waiting = follower.booted('u', signal);
    follower.forget('u');
    await waiting;
    await follower.booted('another', signal);
  });

  it('is not waited for by somebody who has gone', async () => {
    const { follower } = booting();
    follower.follow(instance(new Date()));
    const gone = new AbortController();
    const waiting = follower.booted('u', gone.signal);
    gone.abort(new Error('gone'));
    await assert.rejects(waiting, /gone/);
    follower.close();
  });
});

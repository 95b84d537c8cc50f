import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '../base/log.ts';
import type { Run, RunOptions } from './run.ts';
import { tellServiceManager } from './service-manager.ts';

describe('the service manager', () => {
  const calls: { argv: readonly string[]; env: RunOptions['env'] }[] = [];
  const run: Run = async (argv, options = {}) => {
    calls.push({ argv, env: options.env });
    throw new Error('no such program');
  };

  it('is told at the address that it gave, and does without when that fails', async () => {
    await tellServiceManager(run, silentLog, '/run/systemd/notify', 'READY=1');
    assert.deepEqual(calls, [{ argv: ['systemd-notify', 'READY=1'], env: { NOTIFY_SOCKET: '/run/systemd/notify' } }]);
  });

  it('is told nothing where there is none', async () => {
    calls.length = 0;
    for (const socket of [undefined, '']) await tellServiceManager(run, silentLog, socket, 'READY=1');
    assert.deepEqual(calls, []);
  });
});

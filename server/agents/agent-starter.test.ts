import assert from 'node:assert/strict';
import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Fault } from '../base/fault.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import type { AgentCgroups } from './agent-cgroups.ts';
import { AgentStarter } from './agent-starter.ts';

test('an agent that cannot be started, since its instance has just ended, leaves neither cgroup nor socket', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'yurt-starter-'));
  const groups = new Set<string>();
  let ended = false;
  let looks = 0;
  const cgroups: Pick<AgentCgroups, 'open' | 'remove'> = {
    open: async (instance) => {
      groups.add(instance);
      if (ended) throw new Error('the cgroup for commands is gone');
      return { agent: [], commands: [], [Symbol.dispose]: () => {} };
    },
    remove: async (instance) => void groups.delete(instance),
  };
  using starter = new AgentStarter({
    cgroups: { ...cgroups, freeze: async () => {}, thaw: async () => {} },
    directory: directory.path,
    runtime: {
      cgroupOf: (id) => `/yurt/${id}`,
      exec: async () => {
        throw new Fault(
          'internal',
          'runc: exec failed: unable to start container process: read init-p: connection reset',
        );
      },
      // It is not seen to end at once.
      state: async () => (++looks === 1 ? { status: 'running', pid: 1 } : { status: 'stopped', pid: 0 }),
    },
  });
  for (const atOnce of [false, true]) {
    ended = atOnce;
    looks = 0;
    const told = { name: 'Fault', code: 'wrong-state', message: 'The instance has stopped' };
    await assert.rejects(starter.start(ownTask(silentLog), 'web', 1000), told);
    assert.deepEqual([...groups], []);
    assert.deepEqual(await readdir(directory.path), []);
  }
});

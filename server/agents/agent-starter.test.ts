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
        throw new Fault('not-found', 'There is no container');
      },
    },
  });
  for (const atOnce of [false, true]) {
    ended = atOnce;
    await assert.rejects(starter.start(ownTask(silentLog), 'web', 1000));
    assert.deepEqual([...groups], []);
    assert.deepEqual(await readdir(directory.path), []);
  }
});

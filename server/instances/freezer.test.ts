import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '../base/log.ts';
import { MemoryStore } from '../db/memory-store.ts';
import { Freezer } from './freezer.ts';
import type { Instance } from './instance.ts';

const instance = { uuid: 'a' } as Instance; // all that it looks at

/** A freezer that writes down what it does. */
function recorded(status: 'running' | 'paused' | 'stopped', store = new MemoryStore()) {
  const steps: string[] = [];
  let paused = status === 'paused';
  const step = (what: string) => async () => void steps.push(what);
  const freezer = new Freezer({
    ...{ log: silentLog, store, supervisor: { status: () => status } },
    agents: { freeze: step('freeze agent'), thaw: step('thaw agent') },
    runtime: {
      state: async () => ({ status: paused ? 'paused' : 'running', pid: 1 }),
      pause: async () => {
        paused = true;
        steps.push('pause');
      },
      resume: async () => {
        paused = false;
        steps.push('resume');
      },
    },
  });
  return { freezer, steps, store, work: step('work') };
}

describe('holding an instance still', () => {
  it('holds its agent still too, which lives beside it', async () => {
    const { freezer, steps, work, store } = recorded('running');
    await freezer.hold(instance, work);
    assert.deepEqual(steps, ['freeze agent', 'pause', 'work', 'resume', 'thaw agent']);
    assert.deepEqual(await store.list('freeze/'), []);
  });

  it('leaves a paused one paused, but not its agent running', async () => {
    const { freezer, steps, work } = recorded('paused');
    await freezer.hold(instance, work);
    assert.deepEqual(steps, ['freeze agent', 'work', 'thaw agent']);
  });

  it('lets go when the work fails', async () => {
    const { freezer, steps } = recorded('running');
    await assert.rejects(
      freezer.hold(instance, () => Promise.reject(new Error('full'))),
      /full/,
    );
    assert.deepEqual(steps, ['freeze agent', 'pause', 'resume', 'thaw agent']);
  });

  it('is ended by the next server, which resumes nothing that its user has paused', async () => {
    const dying = recorded('paused');
    await dying.store.commit({ put: [{ key: 'freeze/a', value: 'agent' }] });
    const { freezer, steps } = recorded('paused', dying.store);
    await freezer.releaseAll();
    assert.deepEqual(steps, ['thaw agent']);
    assert.deepEqual(await dying.store.list('freeze/'), []);
  });

  it('does nothing to one that does not run', async () => {
    const { freezer, steps, work } = recorded('stopped');
    await freezer.hold(instance, work);
    assert.deepEqual(steps, ['work']);
  });
});

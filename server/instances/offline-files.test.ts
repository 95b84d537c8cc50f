import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../../test/e2e/harness/eventually.ts';
import { FakeWorld } from '../../test/fakes/fake-world.ts';
import { silentLog } from '../base/log.ts';
import type { Instance } from './instance.ts';
import { InstanceLocks } from './instance-locks.ts';
import { OfflineFiles } from './offline-files.ts';

const web = { project: 'default', name: 'web', uuid: 'u1', pool: 'default' } as Instance; // what is read of it

function setUp(idleMs = 60_000) {
  const world = new FakeWorld();
  const locks = new InstanceLocks();
  const running = new Set<string>();
  const agentsEnded: string[] = [];
  const files = new OfflineFiles({
    ...{ log: silentLog, locks, idleMs, runtime: world.runtime },
    pool: () => world.storage,
    isStopped: (uuid) => !running.has(uuid),
    spec: () => ({}) as never,
    consoleLogPath: (uuid) => `/fake/${uuid}.log`,
    settleAgent: async (id) => void agentsEnded.push(`settled ${id}`),
    forgetAgent: async (id) => void agentsEnded.push(id),
  });
  return { world, locks, running, agentsEnded, files };
}

describe('a container on the root of a stopped instance', () => {
  it('is shared, and leaves no mount on the host', async () => {
    const { world, files } = setUp();
    const [first, second] = await Promise.all([files.enter(web), files.enter(web)]);
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(first.id, second.id);
    assert.deepEqual(world.snapshot(), [`container ${first.id} running`]);
    first[Symbol.dispose]();
    second[Symbol.dispose]();
    assert.equal((await files.enter(web))?.id, first.id, 'it waits for more work');
    await files.close();
    assert.deepEqual(world.snapshot(), []);
  });

  it('goes when nobody works in it any more', async () => {
    const { world, agentsEnded, files } = setUp(1);
    const container = await files.enter(web);
    container?.[Symbol.dispose]();
    await eventually(() => assert.deepEqual(world.snapshot(), []));
    assert.deepEqual(agentsEnded, [container?.id]);
  });

  it('goes before a verb, with the work in it', async () => {
    const { world, agentsEnded, locks, files } = setUp();
    const container = await files.enter(web);
    assert.equal(container?.signal.aborted, false);
    using _lock = locks.acquire('default', 'web', 'started');
    await files.end(web);
    assert.equal(container?.signal.reason.code, 'canceled');
    assert.deepEqual(agentsEnded, [`settled ${container?.id}`, container?.id], 'it undoes what is not whole');
    assert.deepEqual(world.snapshot(), []);
    container?.[Symbol.dispose]();
    assert.equal(await files.enter(web), undefined, 'a verb is under way');
  });

  it('that a verb ends while it is made is gone as well', async () => {
    const { world, files } = setUp();
    const entering = files.enter(web);
    await files.end(web);
    const container = await entering;
    assert.equal(container?.signal.aborted, true);
    assert.deepEqual(world.snapshot(), []);
  });

  it('is not made for an instance that runs', async () => {
    const { world, running, files } = setUp();
    running.add('u1');
    assert.equal(await files.enter(web), undefined);
    assert.equal(world.effects, 0);
  });

  it('is whole or not there, whichever step fails', async () => {
    for (let step = 1; ; step++) {
      const { world, files } = setUp();
      world.failAt = step;
      const failure = await files.enter(web).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure === undefined) {
        assert.equal(step, 4, 'mount, create and start have failed');
        break;
      }
      assert.match(String(failure), /Cannot reach the files of instance "web": no space/);
      assert.deepEqual(world.snapshot(), []);
      world.failAt = 0;
      assert.ok((await files.enter(web)) !== undefined, 'the next one finds a clean place');
    }
  });
});

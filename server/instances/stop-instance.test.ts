import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import type { Instance } from './instance.ts';
import { InstanceStopper } from './stop-instance.ts';

const request = {
  ...{ name: 'web', project: 'default', image: 'tiny', description: '', ephemeral: false },
  ...{ profiles: ['default'], config: {}, devices: {} },
};
const argv = ['/sbin/openrc-shutdown', '--poweroff', 'now'];

/** A running instance whose init is asked by a command, and a stopper to which that command says these exit codes. */
async function stopping(server: FakeServer, codes: number[]) {
  await server.instances.create(request, true);
  let record: Instance | undefined;
  while (record?.power !== 'running') {
    await new Promise((resolve) => setImmediate(resolve));
    record = (await server.records.list())[0];
  }
  const instance: Instance = {
    ...record,
    init: { kind: 'openrc', argv: ['/sbin/init'], halt: { kind: 'command', argv } },
  };
  const asked: (readonly string[])[] = [];
  const stopper = new InstanceStopper({
    ...{ runtime: server.world.runtime, supervisor: server.supervisor },
    command: async (_task, { uuid }, command) => {
      asked.push(command);
      const code = codes.shift() ?? 1;
      if (code === 0) server.world.exit(uuid, { kind: 'powered-off' });
      return code;
    },
  });
  const stop = async (timeoutSeconds: number) =>
    await stopper.stop(ownTask(silentLog), instance, { force: false, timeoutSeconds });
  return { stop, asked };
}

describe('an init that is asked by a command', () => {
  it('is asked again while the command fails, as it does during the boot', async () => {
    const { stop, asked } = await stopping(await fakeServer(), [1, 0]);
    await stop(30);
    assert.deepEqual(asked, [argv, argv]);
  });

  it('is not killed when the time is over', async () => {
    const server = await fakeServer();
    const { stop } = await stopping(server, []);
    await assert.rejects(stop(0.05), { code: 'timed-out' });
    assert.equal(server.supervisor.runningUuids().length, 1);
  });
});

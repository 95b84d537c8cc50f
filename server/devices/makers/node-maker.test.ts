import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ended, type FakeServer, fakeServer } from '../../../test/fakes/instances.ts';
import { silentLog } from '../../base/log.ts';
import { ownTask } from '../../base/task.ts';
import type { Devices } from '../device.ts';

const numbered = (path: string, minor: string) => ({ type: 'unix-char', path, major: '4', minor });
const one = numbered('/dev/one', '64');
const again = numbered('/dev/again', '64');
const other = numbered('/dev/other', '65');
const ofSystem = { type: 'unix-char', path: '/dev/nothing', major: '1', minor: '3' };

async function privileged(devices: Devices, isLive = true): Promise<FakeServer> {
  const server = await fakeServer();
  server.world.deviceFilter.isLive = isLive;
  const request = { name: 'web', project: 'default', image: 'tiny', description: '', ephemeral: false, devices };
  const config = { 'security.privileged': 'true' };
  const { operation } = await server.instances.create({ ...request, profiles: ['default'], config }, true);
  assert.equal((await ended(server, operation)).status, 'succeeded');
  return server;
}

async function update(server: FakeServer, devices: Devices): Promise<void> {
  const { description, ephemeral, profiles, config } = await server.records.get('default', 'web');
  const request = { project: 'default', name: 'web', etag: '', description, ephemeral, profiles, config, devices };
  await server.updater.update(ownTask(silentLog), request);
}

const allowed = ({ world }: FakeServer) => [...world.deviceFilter.allowed].map((line) => line.split(' in ')[0]).sort();

describe('a device node of a privileged instance', () => {
  it('is let through the filter while it is there', async () => {
    const server = await privileged({ one });
    assert.deepEqual(allowed(server), ['c 4:64']);
    await update(server, { one, other });
    assert.deepEqual(allowed(server), ['c 4:64', 'c 4:65']);
    await update(server, { other });
    assert.deepEqual(allowed(server), ['c 4:65']);
  });

  it('is let through until the last node of the device goes', async () => {
    const server = await privileged({ one, again });
    await update(server, { again });
    assert.deepEqual(allowed(server), ['c 4:64']);
    await update(server, {});
    assert.deepEqual(allowed(server), []);
  });

  it('never takes from it what every system has', async () => {
    const server = await privileged({ ofSystem });
    const effects = server.world.deviceFilter.allowed;
    assert.deepEqual([...effects], []);
    effects.add('c 1:3 of the system');
    await update(server, {});
    assert.equal(effects.size, 1);
  });

  it('comes and goes at a start only where the filter cannot change later', async () => {
    const server = await privileged({ one }, false);
    assert.deepEqual(server.world.deviceNodes.list().length, 1);
    await assert.rejects(update(server, { one, other }), { code: 'unsupported', message: /stop it first/ });
    assert.deepEqual(Object.keys((await server.records.get('default', 'web')).devices), ['one']);
    assert.equal(server.world.deviceNodes.list().length, 1);
    await assert.rejects(update(server, {}), { code: 'unsupported', message: /stop it first/ });
    assert.equal(server.world.deviceNodes.list().length, 1);
  });
});

describe('a device node of an instance without privileges', () => {
  it('needs no filter', async () => {
    const server = await fakeServer();
    const request = { name: 'web', project: 'default', image: 'tiny', description: '', ephemeral: false, config: {} };
    const content = { ...request, profiles: ['default'], devices: { one } };
    await ended(server, (await server.instances.create(content, true)).operation);
    assert.deepEqual([allowed(server), server.world.deviceNodes.list().length], [[], 1]);
  });
});

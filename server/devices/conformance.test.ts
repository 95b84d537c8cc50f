import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ended, type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import { futureOwner } from '../instances/check-expanded.ts';
import type { Device } from './device.ts';
import { deviceTypes } from './device-types.ts';
import { difference } from './instance-devices.ts';
import { planDevices } from './plan-devices.ts';

/** One device of each kind, and another that it may be changed to. */
const samples: Readonly<Record<string, readonly [Device, Device]>> = {
  nic: [
    { type: 'nic', network: 'yurtbr0', hwaddr: '00:16:3e:00:00:07' },
    { type: 'nic', network: 'yurtbr0', hwaddr: '00:16:3e:00:00:08', name: 'lan0' },
  ],
  'nic with rules': [
    { type: 'nic', network: 'yurtbr0', hwaddr: '00:16:3e:00:00:07', 'limits.max': '1Mbit' },
    { type: 'nic', network: 'yurtbr0', hwaddr: '00:16:3e:00:00:07', 'security.mac_filtering': 'true' },
  ],
  disk: [
    { type: 'disk', source: '/srv/one', path: '/one' },
    { type: 'disk', source: '/srv/two', path: '/one', readonly: 'true' },
  ],
  'disk in memory': [
    { type: 'disk', source: 'tmpfs:', path: '/scratch' },
    { type: 'disk', source: 'tmpfs:', path: '/scratch', size: '1MiB' },
  ],
  'disk that may be missing': [
    { type: 'disk', source: '/srv/one', path: '/one', required: 'false' },
    { type: 'disk', source: '/srv/two', path: '/one', required: 'false' },
  ],
  'node that may be missing': [
    { type: 'unix-char', source: '/dev/one', required: 'false' },
    { type: 'unix-char', source: '/dev/one', required: 'false', mode: '0600' },
  ],
  'unix-char': [
    { type: 'unix-char', source: '/dev/one' },
    { type: 'unix-char', source: '/dev/one', mode: '0600' },
  ],
  'unix-block': [
    { type: 'unix-block', source: '/dev/disk' },
    { type: 'unix-block', path: '/dev/disk', major: '7', minor: '3' },
  ],
  proxy: [
    { type: 'proxy', listen: 'tcp:127.0.0.1:80', connect: 'tcp:127.0.0.1:80' },
    { type: 'proxy', listen: 'tcp:127.0.0.1:81-82', connect: 'unix:/run/x' },
  ],
  'proxy by nat': [
    { type: 'proxy', listen: 'tcp:192.0.2.1:80', connect: 'tcp:0.0.0.0:80', nat: 'true' },
    { type: 'proxy', listen: 'udp:192.0.2.1:80', connect: 'udp:0.0.0.0:80', nat: 'true' },
  ],
};
/** Has nothing to make. */
const empty = ['none'];
/** Beside the one under test: it must stay as it is. */
const beside: Device = { type: 'disk', source: '/srv/beside', path: '/beside' };

async function launch(server: FakeServer, devices: Record<string, Device>) {
  const request = { name: 'web', project: 'default', image: 'tiny', description: '', ephemeral: false };
  const { operation } = await server.instances.create({ ...request, profiles: ['default'], config: {}, devices }, true);
  return await ended(server, operation);
}

async function update(server: FakeServer, devices: Record<string, Device>): Promise<void> {
  const { description, ephemeral, profiles, config } = await server.records.get('default', 'web');
  const request = { project: 'default', name: 'web', etag: '', description, ephemeral, profiles, config, devices };
  await server.updater.update(ownTask(silentLog), request);
}

/** A server whose instance runs with these devices, and what exists then. */
async function running(devices: Record<string, Device>): Promise<{ server: FakeServer; exists: string[] }> {
  const server = await fakeServer();
  assert.equal((await launch(server, devices)).status, 'succeeded');
  return { server, exists: withoutIds(server) };
}

/** Runs `attempt` on a fresh instance for each effect that the change has, with the number of that effect. */
async function eachStep(
  before: Record<string, Device>,
  after: Record<string, Device>,
  attempt: (server: FakeServer, failAt: number) => Promise<void>,
): Promise<void> {
  const { server: whole } = await running(before);
  const start = whole.world.effects;
  await update(whole, after);
  const steps = whole.world.effects - start;
  assert.ok(steps > 0);
  for (let step = 1; step <= steps; step += 1) {
    const { server } = await running(before);
    await attempt(server, server.world.effects + step);
  }
}

/** Ids of instances differ from world to world. */
function withoutIds(server: FakeServer): string[] {
  return server.world.snapshot().map((line) => line.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID'));
}

describe('the conformance suite', () => {
  it('has a sample of every type of device', () => {
    const covered = new Set([...Object.values(samples).map(([device]) => device['type']), ...empty]);
    assert.deepEqual(
      deviceTypes.filter(({ type }) => !covered.has(type)).map(({ type }) => type),
      [],
    );
  });
});

for (const [name, [device, other]] of Object.entries(samples)) {
  describe(`device ${name}`, () => {
    it('is the same whether it was there at the start or was plugged in later', async () => {
      const atStart = await running({ beside, it: device });
      const { server, exists } = await running({ beside });
      await update(server, { beside, it: device });
      assert.deepEqual(withoutIds(server), atStart.exists);
      assert.notDeepEqual(atStart.exists, exists);
      await update(server, { beside });
      assert.deepEqual(withoutIds(server), exists);
    });

    it('changes by giving way, and back', async () => {
      const changed = await running({ beside, it: other });
      const { server, exists } = await running({ beside, it: device });
      await update(server, { beside, it: other });
      assert.deepEqual(withoutIds(server), changed.exists);
      await update(server, { beside, it: device });
      assert.deepEqual(withoutIds(server), exists);
    });

    it('leaves nothing when the instance stops, also when no server sees it', async () => {
      const { server } = await running({ beside, it: device });
      const uuid = (await server.records.get('default', 'web')).uuid;
      server.supervisor.close();
      server.world.containers.set(uuid, { status: 'stopped', pid: 0 });
      server.world.exit(uuid, { kind: 'exited', status: 137 });
      const next = await fakeServer(server.world, server.store);
      await next.restart(false);
      assert.deepEqual(next.world.snapshot(), [`volume ${uuid}`]);
      assert.deepEqual(await next.world.deviceRuns.instances(), []);
    });

    for (const [what, before, after] of [
      ['plugged in', { beside }, { beside, it: device }],
      ['changed', { beside, it: device }, { beside, it: other }],
      ['removed', { beside, it: device }, { beside }],
    ] as const) {
      it(`that fails at any step of being ${what} leaves everything as it was`, async () => {
        await eachStep(before, after, async (server, failAt) => {
          const exists = withoutIds(server);
          server.world.failAt = failAt;
          await assert.rejects(update(server, after), { code: 'exhausted' });
          assert.deepEqual(withoutIds(server), exists, `step ${failAt}`);
          assert.deepEqual((await server.records.get('default', 'web')).devices, before);
          server.world.failAt = 0;
          await update(server, after);
          assert.deepEqual(withoutIds(server), (await running(after)).exists, `again after step ${failAt}`);
        });
      });

      it(`is as it was recorded after the server was killed at any step of being ${what}`, async () => {
        await eachStep(before, after, async (server, failAt) => {
          server.world.dieAt = failAt;
          await assert.rejects(update(server, after), { code: 'internal' });
          server.supervisor.close();
          server.world.dieAt = 0;
          server.world.dead = false;
          const next = await fakeServer(server.world, server.store);
          await next.restart(false);
          await next.live.recover(ownTask(silentLog), await next.records.list(), next.expanded);
          assert.deepEqual(withoutIds(next), (await running(before)).exists, `step ${failAt}`);
          await update(next, after);
          assert.deepEqual(withoutIds(next), (await running(after)).exists, `again after step ${failAt}`);
        });
      });
    }
  });
}

it('rules of a proxy are made anew when the address of its nic changes', () => {
  const proxy = { type: 'proxy', listen: 'tcp:192.0.2.1:80', connect: 'tcp:0.0.0.0:80', nat: 'true' };
  const nic = { type: 'nic', network: 'yurtbr0', hwaddr: '00:16:3e:00:00:07' };
  const plan = (eth0: Device) => planDevices(futureOwner, { eth0, proxy }, () => '');
  const { added } = difference(plan(nic), plan({ ...nic, 'ipv4.address': '10.1.2.7' }));
  assert.deepEqual(
    added.map(({ name }) => name),
    ['eth0', 'proxy'],
  );
});

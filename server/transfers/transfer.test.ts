import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelPair } from '../../test/fakes/channel-pair.ts';
import { dieAt } from '../../test/fakes/death.ts';
import type { FakeWorld } from '../../test/fakes/fake-world.ts';
import { ended, type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import type { OperationView } from '../operations/operation.ts';
import type { ReceiveInstanceRequest } from './receive-instance.ts';
import type { SendInstanceRequest } from './send-instance.ts';

const parties = { opener: 'client', peer: '' };
const sending: SendInstanceRequest = {
  ...{ project: 'default', instance: 'web', snapshot: '', instanceOnly: false, known: [], move: false },
};
const receiving: ReceiveInstanceRequest = {
  ...{ project: 'default', name: 'web', ephemeral: false, profiles: undefined, config: {}, devices: {}, pool: '' },
  ...{ start: false, refresh: false, move: false, allowHostAccess: false, instanceOnly: false },
};

interface Change {
  readonly send?: Partial<SendInstanceRequest>;
  readonly receive?: Partial<ReceiveInstanceRequest>;
}

async function withWeb(config: Record<string, string> = {}): Promise<FakeServer> {
  const server = await fakeServer();
  const create = { name: 'web', project: 'default', image: 'tiny', description: 'mine', ephemeral: false };
  const content = { profiles: ['default'], config: { 'user.colour': 'blue', ...config }, devices: {} };
  await ended(server, (await server.instances.create({ ...create, ...content }, false)).operation);
  await keep(server, 'before');
  return server;
}

async function keep(server: FakeServer, name: string): Promise<void> {
  const snapshot = { project: 'default', instance: 'web', name, expiry: '', noExpiry: false, reuse: false };
  await ended(server, (await server.snapshots.create(snapshot)).operation);
}

interface Opened {
  readonly pair: ChannelPair;
  readonly operations: readonly [sent: OperationView, received: OperationView];
  over(): Promise<readonly [sent: OperationView, received: OperationView]>;
}

/** Opens both ends and connects them, as a client does. */
async function begin(from: FakeServer, to: FakeServer, { send = {}, receive = {} }: Change = {}): Promise<Opened> {
  const target = await to.backups.transfers.receiver.open({ ...receiving, ...receive }, parties);
  const source = await from.backups.transfers.sender.open({ ...sending, known: target.known, ...send }, parties);
  const pair = new ChannelPair();
  from.backups.transfers.ends.take(source.secret, 'client')(pair.one);
  to.backups.transfers.ends.take(target.secret, 'client')(pair.other);
  return {
    pair,
    operations: [source.operation, target.operation],
    over: async () => [await ended(from, source.operation), await ended(to, target.operation)],
  };
}

async function transfer(from: FakeServer, to: FakeServer, change: Change = {}) {
  const opened = await begin(from, to, change);
  const [sent, received] = await opened.over();
  return { sent, received, pair: opened.pair };
}

async function copied(from: FakeServer, to: FakeServer, change: Change = {}): Promise<void> {
  const { sent, received } = await transfer(from, to, change);
  assert.deepEqual([sent.fault, received.fault], [undefined, undefined]);
}

const snapshotsOf = async (server: FakeServer, name = 'web') =>
  (await server.snapshots.list(await server.records.get('default', name))).map((snapshot) => snapshot.name);

describe('an instance between servers', () => {
  it('is copied with its snapshots and configuration, and addresses of its own', async () => {
    const [from, to] = [await withWeb(), await fakeServer()];
    await copied(from, to);
    const [web, copy] = [await from.records.get('default', 'web'), await to.records.get('default', 'web')];
    assert.deepEqual([copy.phase, copy.description, copy.config['user.colour']], ['ready', 'mine', 'blue']);
    assert.equal(copy.config['volatile.apply_template'], 'create', 'it was not started yet, there either');
    assert.notEqual(copy.uuid, web.uuid);
    assert.deepEqual(await snapshotsOf(to), ['before']);
    assert.deepEqual([from.world.snapshots.size, to.world.snapshots.size], [1, 1]);
    for (const server of [from, to]) assert.equal(server.locks.current('default', 'web'), undefined);
  });

  it('becomes what the client says of it', async () => {
    const [from, to] = [await withWeb(), await fakeServer()];
    const eth1 = { type: 'nic', network: 'yurtbr0', name: 'eth1' };
    const config = { 'user.colour': '', 'user.size': 'big' };
    await copied(from, to, {
      send: { instanceOnly: true },
      receive: { name: 'two', ephemeral: true, profiles: ['default', 'default'].slice(1), config, devices: { eth1 } },
    });
    const two = await to.records.get('default', 'two');
    assert.deepEqual([two.ephemeral, two.config['user.colour'], two.config['user.size']], [true, undefined, 'big']);
    assert.deepEqual(two.devices, { eth1 });
    assert.deepEqual(await snapshotsOf(to, 'two'), []);
  });

  it('is what a snapshot has kept, when that is copied', async () => {
    const [from, to] = [await withWeb(), await fakeServer()];
    const web = await from.records.get('default', 'web');
    await from.records.update(web, { config: { ...web.config, 'user.colour': 'red' } });
    await copied(from, to, { send: { snapshot: 'before' } });
    assert.equal((await to.records.get('default', 'web')).config['user.colour'], 'blue');
    assert.deepEqual(await snapshotsOf(to), []);
  });

  it('takes its templates along', async () => {
    const [from, to] = [await withWeb(), await fakeServer()];
    const { uuid } = await from.records.get('default', 'web');
    const rules = [
      { path: '/etc/motd', when: ['start' as const], template: 'motd', createOnly: false, properties: {} },
    ];
    const metadata = { architecture: 'x86_64', creationDate: 7, properties: { os: 'Mine' }, rules };
    await from.metadata.put(uuid, { ...metadata, files: [{ name: 'motd', content: 'hello' }] }, 0);
    await copied(from, to);
    const found = await to.metadata.find((await to.records.get('default', 'web')).uuid);
    assert.deepEqual(found, { ...metadata, files: [{ name: 'motd', content: 'hello' }] });
  });

  it('is moved with its addresses, and gone where it was when it is here', async () => {
    const [from, to] = [await withWeb(), await fakeServer()];
    const { config } = await from.records.get('default', 'web');
    await copied(from, to, { send: { move: true }, receive: { move: true } });
    assert.deepEqual([await from.records.list(), from.world.snapshot()], [[], []]);
    const moved = await to.records.get('default', 'web');
    assert.equal(moved.config['volatile.eth0.hwaddr'], config['volatile.eth0.hwaddr']);
    assert.deepEqual(await snapshotsOf(to), ['before']);
  });

  it('is not moved while it runs or is protected, nor when it would lose a part', async () => {
    const [from, to] = [await withWeb({ 'security.protection.delete': 'true' }), await fakeServer()];
    const move = { send: { move: true }, receive: { move: true } };
    const open = () => from.backups.transfers.sender.open({ ...sending, move: true }, parties);
    await assert.rejects(open(), { code: 'wrong-state', message: /protected/ });
    const web = await from.records.get('default', 'web');
    const { 'security.protection.delete': _, ...config } = web.config;
    await from.records.update(web, { config: { ...config, 'security.nonsense': 'x' } });
    const { sent, received } = await transfer(from, to, move);
    assert.match(received.fault?.message ?? '', /It would lose a part here.*security\.nonsense/);
    assert.match(sent.fault?.message ?? '', /The other server says: .*security\.nonsense/);
    await ended(from, await from.instances.start('default', 'web'));
    await assert.rejects(open(), { code: 'wrong-state', message: /running/ });
    assert.equal(from.locks.current('default', 'web'), undefined);
  });

  it('brings nothing that gives it access to the host, unless the client says so', async () => {
    const from = await withWeb({ 'security.privileged': 'true' });
    const web = await from.records.get('default', 'web');
    const data = { type: 'disk', source: '/srv', path: '/srv' };
    await from.records.update(web, { devices: { data } });
    const config = { 'security.privileged': '' };
    for (const [receive, expected] of [
      [{}, /security\.privileged, which gives it access to this host/],
      [{ config }, /device "data", which gives it access to this host/],
      [{ config, devices: { data: { readonly: 'true' } } }, /device "data", which gives it access to this host/],
    ] as const) {
      const to = await fakeServer();
      const { received } = await transfer(from, to, { send: { instanceOnly: true }, receive });
      assert.equal(received.fault?.code, 'forbidden');
      assert.match(received.fault?.message ?? '', expected);
      assert.deepEqual(await to.records.list(), []);
    }
    const to = await fakeServer();
    const devices = { data: { type: 'disk', source: '/opt', path: '/opt' } };
    const { received } = await transfer(from, to, { receive: { config, devices } });
    assert.match(received.fault?.message ?? '', /security\.privileged/, 'its snapshot has it');
    await copied(from, to, { send: { instanceOnly: true }, receive: { config, devices } });
    assert.deepEqual((await to.records.get('default', 'web')).devices, devices);
    await copied(from, to, { receive: { name: 'two', allowHostAccess: true } });
    assert.deepEqual((await to.records.get('default', 'two')).devices, { data });
  });

  it('picks no profile that gives it access to the host, unless the client does', async () => {
    const [from, to] = [await withWeb(), await fakeServer()];
    for (const server of [from, to]) {
      const config = { 'security.privileged': server === to ? 'true' : 'false' };
      await server.profiles.add({ name: 'strong', project: 'default', description: '', config, devices: {} });
    }
    const web = await from.records.get('default', 'web');
    const profiles = ['default', 'strong'];
    await from.records.update(web, { profiles });
    const { received } = await transfer(from, to);
    assert.match(received.fault?.message ?? '', /security\.privileged, which gives it access/);
    await copied(from, to, { receive: { profiles } });
  });

  it('is what the project allows that it goes to', async () => {
    const [from, to] = [await withWeb({ 'security.nesting': 'true' }), await fakeServer()];
    const config = { restricted: 'true', 'restricted.backups': 'allow', 'features.profiles': 'false' };
    await to.projects.create({ name: 'tight', description: '', config } as never);
    const { received } = await transfer(from, to, { receive: { project: 'tight' } });
    assert.match(received.fault?.message ?? '', /forbids security\.nesting/);
    assert.deepEqual(to.world.snapshot(), []);
  });

  it('leaves nothing when any step of either side fails, and can be copied again', async () => {
    for (const side of ['from', 'to'] as const) {
      for (let step = 1; ; step += 1) {
        const servers = { from: await withWeb(), to: await fakeServer() };
        const before = servers.from.world.snapshot();
        const { world } = servers[side];
        world.failAt = world.effects + step;
        const { sent, received } = await transfer(servers.from, servers.to);
        world.failAt = 0;
        if (received.status === 'succeeded') {
          assert.ok(step > 2, side);
          break;
        }
        assert.equal(sent.status, 'failed', `${side} ${step}`);
        assert.deepEqual(servers.from.world.snapshot(), before, `${side} ${step}`);
        assert.deepEqual(servers.to.world.snapshot(), [], `${side} ${step}`);
        assert.deepEqual(await servers.to.records.list(), []);
        await copied(servers.from, servers.to);
      }
    }
  });

  it('is whole or not there when either server is killed at any step', async () => {
    for (const side of ['from', 'to'] as const) {
      for (let step = 1; step < 12; step += 1) {
        const servers = { from: await withWeb(), to: await fakeServer() };
        const { world } = servers[side];
        dieAt(servers[side], step);
        const { pair, over } = await begin(servers.from, servers.to, { send: { move: true }, receive: { move: true } });
        const other = side === 'from' ? servers.to : servers.from;
        if (!(await diesIn(world, over()))) break;
        pair.cut();
        await Promise.all(other.operations.list().map((operation) => ended(other, operation)));
        world.dead = false;
        world.dieAt = 0;
        const again = await fakeServer(world, servers[side].store);
        await again.restart(false);
        const [from, to] = side === 'from' ? [again, other] : [other, again];
        const there = [await from.records.find('default', 'web'), await to.records.find('default', 'web')];
        assert.ok(
          there.some((instance) => instance?.phase === 'ready'),
          `${side} ${step}: it is somewhere`,
        );
        for (const [index, server] of [from, to].entries()) {
          const whole = there[index] === undefined ? 0 : 1;
          assert.deepEqual(
            [server.world.volumes.size, server.world.snapshots.size, (await server.store.list('snapshot/')).length],
            [whole, whole, whole],
            `${side} ${step} ${index}`,
          );
        }
        if (there[1] === undefined) await copied(from, to);
      }
    }
  });

  it('ends on both sides when one is canceled', async () => {
    for (const index of [0, 1] as const) {
      const [from, to] = [await withWeb(), await fakeServer()];
      const { operations, over } = await begin(from, to);
      [from, to][index]?.operations.cancel(operations[index].id);
      const states = (await over()).map(({ status }) => status);
      assert.deepEqual(states, ['canceled', 'canceled']);
      assert.deepEqual(await to.records.list(), []);
      await copied(from, to);
    }
  });

  it('is not there while the data is on its way, and the channel holds little of it', async () => {
    const [from, to] = [await withWeb(), await fakeServer()];
    const { pair } = await transfer(from, to);
    assert.ok(pair.most <= 2);
  });
});

/** Whether the world dies before the work is over. */
async function diesIn(world: FakeWorld, work: Promise<unknown>): Promise<boolean> {
  let over = false;
  const end = () => (over = true);
  work.then(end, end);
  while (!world.dead && !over) await new Promise((resolve) => setImmediate(resolve));
  return world.dead;
}

describe('an instance that is refreshed from another server', () => {
  it('gets its root and snapshots, of which only those that it lacks are sent', async () => {
    const [from, to] = [await withWeb(), await fakeServer()];
    await copied(from, to);
    const first = await to.records.get('default', 'web');
    await to.records.update(first, { config: { ...first.config, 'user.colour': 'own' } });
    await keep(from, 'later');
    const opened = await to.backups.transfers.receiver.open({ ...receiving, refresh: true }, parties);
    assert.deepEqual(
      opened.known.map(({ name }) => name),
      ['before'],
    );
    to.operations.cancel(opened.operation.id);
    await ended(to, opened.operation);
    await copied(from, to, { receive: { refresh: true } });
    const after = await to.records.get('default', 'web');
    assert.deepEqual([after.uuid, after.config['user.colour']], [first.uuid, 'own']);
    assert.deepEqual(await snapshotsOf(to), ['before', 'later']);
    assert.deepEqual([to.world.volumes.size, to.world.snapshots.size], [1, 2]);
    assert.deepEqual(
      (await to.records.list()).map(({ name }) => name),
      ['web'],
    );
  });

  it('is made when it is not there, and refused configuration when it is', async () => {
    const [from, to] = [await withWeb(), await fakeServer()];
    await copied(from, to, { receive: { refresh: true, config: { 'user.a': 'b' } } });
    const again = { ...receiving, refresh: true, config: { 'user.a': 'c' } };
    await assert.rejects(to.backups.transfers.receiver.open(again, parties), { code: 'invalid' });
    await assert.rejects(to.backups.transfers.receiver.open(receiving, parties), { code: 'already-exists' });
  });

  it('fits into a project that is full', async () => {
    const [from, to] = [await withWeb(), await fakeServer()];
    await copied(from, to);
    await to.projects.update({ name: 'default', description: '', config: { 'limits.instances': '1' } }, '');
    await copied(from, to, { receive: { refresh: true } });
    const { received } = await transfer(from, to, { receive: { name: 'two' } });
    assert.equal(received.fault?.code, 'exhausted');
  });

  it('is as before when any step fails or the server is killed, or whole', async () => {
    for (const how of ['failAt', 'dieAt'] as const) {
      for (let step = 1; ; step += 1) {
        const [from, to] = [await withWeb(), await fakeServer()];
        await copied(from, to);
        await keep(from, 'later');
        const { world } = to;
        if (how === 'dieAt') dieAt(to, step);
        else world.failAt = world.effects + step;
        const { pair, over } = await begin(from, to, { receive: { refresh: true } });
        const finished = over();
        finished.catch(() => {});
        const dead = how === 'dieAt' && (await diesIn(world, finished));
        if (dead) pair.cut();
        const received = dead ? undefined : (await finished)[1];
        world[how] = 0;
        world.dead = false;
        const after = dead ? await fakeServer(world, to.store) : to;
        if (dead) await after.restart(false);
        const { pending, phase } = await after.records.get('default', 'web');
        assert.deepEqual([pending, phase], [undefined, 'ready']);
        const count = (await snapshotsOf(after)).length;
        assert.deepEqual(
          [world.volumes.size, world.snapshots.size, (await after.store.list('snapshot/')).length],
          [1, count, count],
          `${how} ${step}`,
        );
        if (received?.status === 'succeeded') break;
        await copied(from, after, { receive: { refresh: true } });
        assert.deepEqual(await snapshotsOf(after), ['before', 'later'], `${how} ${step}`);
      }
    }
  });
});

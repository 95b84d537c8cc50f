import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { firewallConformance } from '../../../server/host/conformance/firewall.ts';
import { linksConformance } from '../../../server/host/conformance/links.ts';
import { NftFirewall } from '../../../server/host/firewall.ts';
import { IpLinks } from '../../../server/host/links.ts';
import { runChecked } from '../../../server/host/run.ts';
import type { Lease } from '../../../server/networks/contract.ts';
import { eventually } from '../harness/eventually.ts';
import type { Guest } from './guest.ts';
import type { NetworkServer } from './network-server.ts';
import { World } from './world.ts';

/** Whether the server lived until the end of `work`. */
async function survives(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Error && error.message === 'killed') return false;
    throw error;
  }
}

async function leases(server: NetworkServer): Promise<Lease[]> {
  return (await server.ask({ method: 'leases' })) as Lease[]; // what leases returns
}

describe('the kernel', () => {
  let world: World;
  let guest: Guest;
  before(async () => {
    world = await World.create();
    guest = await world.guest('conformance');
  });
  after(() => world[Symbol.asyncDispose]());

  linksConformance(async () => ({ links: new IpLinks(world.run), pid: guest.pid }));
  firewallConformance(async () => new NftFirewall(world.run));
});

describe('a bridge', () => {
  it('gives two instances addresses and names, and lets them talk', async (t) => {
    await using world = await World.create();
    const server = world.server();
    await server.ask({ method: 'up' });
    const web = await world.guest('web');
    const db = await world.guest('db');
    const { prepared, tookMs } = await web.plug(server);
    const second = await db.plug(server);
    t.diagnostic(`attach and enter: ${tookMs.toFixed(1)} ms, ${second.tookMs.toFixed(1)} ms`);

    assert.equal(await web.dhcp(), prepared.ipv4Address);
    assert.equal(await db.dhcp(), second.prepared.ipv4Address);
    for (const name of ['db', 'db.yurt', 'DB.yurt']) {
      assert.deepEqual(await web.resolve(world.gateway, name, 'A'), [second.prepared.ipv4Address]);
    }
    assert.deepEqual(await web.resolve(world.gateway, second.prepared.ipv4Address ?? '', 'PTR'), ['db.yurt']);
    await web.ping(second.prepared.ipv4Address ?? '');
    await web.ping(world.gateway);

    const [address = ''] = await eventually(async () => {
      const answer = await web.resolve(world.gateway, 'db.yurt', 'AAAA');
      assert.match(answer[0] ?? '', /^fd42:.*:216:3eff:fe/);
      return answer;
    });
    assert.deepEqual(await web.resolve(world.gateway, 'db', 'AAAA'), [address]);
    assert.deepEqual(await web.resolve(world.gateway, address, 'PTR'), ['db.yurt']);
    await eventually(() => web.ping(address));
    await eventually(async () => assert.equal((await leases(server)).length, 4));
    const shown = (await leases(server)).filter(({ instanceId }) => instanceId === db.nic.instanceId);
    assert.deepEqual(
      shown.map((lease) => [lease.address, lease.source, lease.hostname]),
      [
        [second.prepared.ipv4Address, 'dhcp', 'db'],
        [address, 'slaac', 'db'],
      ],
    );
  });

  it('is not touched by coming up again, here or in a later server', async () => {
    await using world = await World.create();
    const server = world.server();
    await server.ask({ method: 'up' });
    const before = await world.state();
    await server.ask({ method: 'up' });
    assert.equal(await world.state(), before);
    await server.kill();
    await world.server().ask({ method: 'up' });
    assert.equal(await world.state(), before);
  });

  it('outlives its server, and a later one finds dnsmasq and nics', async () => {
    await using world = await World.create();
    const server = world.server();
    await server.ask({ method: 'up' });
    const web = await world.guest('web');
    const { prepared } = await web.plug(server);
    await web.dhcp();
    const [dnsmasq] = world.dnsmasqs();
    await server.kill();
    assert.deepEqual(await web.resolve(world.gateway, 'web', 'A'), [prepared.ipv4Address]);
    const later = world.server();
    await later.ask({ method: 'up' });
    assert.deepEqual(world.dnsmasqs(), [dnsmasq]);
    assert.deepEqual((await leases(later))[0]?.address, prepared.ipv4Address);
    await later.ask({ method: 'repair', known: [web.nic.instanceId] });
    await web.ping(world.gateway);
    await later.ask({ method: 'repair', known: [] });
    assert.deepEqual(await world.links(), ['lo', 'yurtbr0']);
  });

  it('has its dnsmasq back when that dies, with all names and leases', async () => {
    await using world = await World.create();
    const server = world.server();
    await server.ask({ method: 'up' });
    const web = await world.guest('web');
    const { prepared } = await web.plug(server);
    await web.dhcp();
    const [dnsmasq = 0] = world.dnsmasqs();
    process.kill(dnsmasq, 'SIGKILL');
    await eventually(() => {
      assert.equal(world.dnsmasqs().length, 1);
      assert.notDeepEqual(world.dnsmasqs(), [dnsmasq]);
    });
    await eventually(async () =>
      assert.deepEqual(await web.resolve(world.gateway, 'web', 'A'), [prepared.ipv4Address]),
    );
    assert.deepEqual(await server.ask({ method: 'status' }), { status: 'created' });
  });

  it('never takes a name from a guest', async () => {
    await using world = await World.create();
    const server = world.server();
    await server.ask({ method: 'up' });
    const db = await world.guest('db');
    const { prepared } = await db.plug(server);
    await db.dhcp();
    const mallory = await world.guest('mallory');
    const own = await mallory.plug(server);
    const hostile = [
      'db',
      'db.yurt',
      'evil',
      'x;\ndb',
      'x\n9999999999 00:16:3e:00:00:01 10.0.0.9 db *',
      'x'.repeat(200),
    ];
    for (const name of hostile) await mallory.dhcp('-x', `hostname:${name}`, '-F', name);
    assert.deepEqual(await db.resolve(world.gateway, 'db', 'A'), [prepared.ipv4Address]);
    assert.deepEqual(await db.resolve(world.gateway, 'mallory', 'A'), [own.prepared.ipv4Address]);
    assert.deepEqual(await db.resolve(world.gateway, 'evil.yurt', 'A'), ['!ENOTFOUND']);
    const file = readFileSync(join(world.directory, 'networks/yurtbr0/dnsmasq.leases'), 'utf8');
    const lines = file.split('\n').filter((line) => !line.startsWith('duid') && line !== '');
    assert.deepEqual(
      lines.map((line) => line.split(' ').slice(1).join(' ')).sort(),
      [
        ...[
          `${db.nic.hwaddr} ${prepared.ipv4Address} db *`,
          `${mallory.nic.hwaddr} ${own.prepared.ipv4Address} mallory *`,
        ],
      ].sort(),
    );
  });

  it('gives a link that it does not know an address but no name, and none of the reserved ones', async () => {
    await using world = await World.create({ 'ipv4.address': '10.55.0.1/28' });
    const server = world.server();
    await server.ask({ method: 'up' });
    const web = await world.guest('web');
    await web.plug(server);
    // 14 hosts: .1-.11 are reserved, .12-.14 are for links that nobody announced.
    const granted: string[] = [];
    for (let index = 1; index <= 3; index++) {
      await web.in('ip', 'link', 'set', 'dev', 'eth0', 'down', 'address', `02:00:00:00:00:0${index}`);
      await web.in('ip', 'link', 'set', 'dev', 'eth0', 'up');
      granted.push(await web.dhcp('-x', 'hostname:web'));
    }
    assert.deepEqual(granted.sort(), ['10.55.0.12', '10.55.0.13', '10.55.0.14']);
    await web.in('ip', 'link', 'set', 'dev', 'eth0', 'down', 'address', '02:00:00:00:00:04');
    await web.in('ip', 'link', 'set', 'dev', 'eth0', 'up');
    await assert.rejects(web.dhcp('-t', '2', '-T', '1'));
    const db = await world.guest('db');
    const { prepared } = await db.plug(server);
    assert.equal(await db.dhcp(), prepared.ipv4Address);
    assert.deepEqual(await db.resolve(world.gateway, 'web', 'A'), ['!ENOTFOUND']);
    assert.deepEqual((await leases(server)).filter(({ source }) => source === 'dhcp').length, 1);
  });

  it('forgets name, address and link of a nic that is detached', async () => {
    await using world = await World.create();
    const server = world.server();
    await server.ask({ method: 'up' });
    const web = await world.guest('web');
    const db = await world.guest('db');
    for (const guest of [web, db]) {
      await guest.plug(server);
      await guest.dhcp();
    }
    await eventually(async () => assert.equal((await leases(server)).length, 4));
    await server.ask({ method: 'detach', nic: db.nic });
    await server.ask({ method: 'detach', nic: db.nic });
    for (const type of ['A', 'AAAA'] as const) {
      await eventually(async () => assert.deepEqual(await web.resolve(world.gateway, 'db.yurt', type), ['!ENOTFOUND']));
    }
    const file = join(world.directory, 'networks/yurtbr0/dnsmasq.leases');
    await eventually(() => assert.doesNotMatch(readFileSync(file, 'utf8'), / db /));
    assert.equal((await world.links()).length, 3);
    const fresh = await world.guest('db');
    const { prepared } = await fresh.plug(server);
    assert.equal(await fresh.dhcp(), prepared.ipv4Address);
    assert.deepEqual(await web.resolve(world.gateway, 'db', 'A'), [prepared.ipv4Address]);
  });

  it('answers for its own names at once without any upstream server', async () => {
    await using world = await World.create();
    const server = world.server();
    await server.ask({ method: 'up' });
    const web = await world.guest('web');
    await web.plug(server);
    await web.dhcp();
    // The resolver of the question gives up after two seconds: a slow answer would be another code.
    for (const name of ['absent', 'absent.yurt']) {
      assert.deepEqual(await web.resolve(world.gateway, name, 'A'), ['!ENOTFOUND']);
    }
    const elsewhere = await web.resolve(world.gateway, 'example.org', 'A');
    assert.match(elsewhere[0] ?? '', /^!/);
    assert.deepEqual((await web.resolve(world.gateway, 'web', 'A')).length, 1);
  });

  it('works without IPv4, and without IPv6', async () => {
    await using six = await World.create({ 'ipv4.address': 'none' });
    const server = six.server();
    await server.ask({ method: 'up' });
    const web = await six.guest('web');
    assert.equal((await web.plug(server)).prepared.ipv4Address, undefined);
    const gateway = six.record.config['ipv6.address']?.split('/')[0] ?? '';
    await eventually(async () => assert.match((await web.resolve(gateway, 'web.yurt', 'AAAA'))[0] ?? '', /^fd42:/));

    await using four = await World.create({ 'ipv6.address': 'none' });
    const other = four.server();
    await other.ask({ method: 'up' });
    const db = await four.guest('db');
    await db.plug(other);
    const address = await db.dhcp();
    assert.deepEqual(await db.resolve(four.gateway, 'db', 'A'), [address]);
    assert.deepEqual(
      (await leases(other)).map(({ family }) => family),
      [4],
    );
    const { stdout } = await runChecked(four.run, ['ip', '-6', '-j', 'address', 'show', 'dev', 'yurtbr0']);
    assert.doesNotMatch(stdout, /fe80/);
  });

  it('leaves nothing when it goes down', async () => {
    await using world = await World.create();
    const server = world.server();
    await server.ask({ method: 'up' });
    const web = await world.guest('web');
    await web.plug(server);
    await web.dhcp();
    await server.ask({ method: 'down' });
    assert.deepEqual(await world.links(), ['lo']);
    assert.equal((await runChecked(world.run, ['nft', 'list', 'ruleset'])).stdout, '');
    assert.deepEqual(world.dnsmasqs(), []);
    assert.deepEqual(readdirSync(world.directory).sort(), ['dhcp-web']);
    await server.ask({ method: 'down' });
  });

  it('is there twice under one name when two servers have a host each', async () => {
    await using one = await World.create();
    await using other = await World.create();
    const servers = [one.server(), other.server()];
    await Promise.all(servers.map((server) => server.ask({ method: 'up' })));
    const [first, second] = servers;
    assert.ok(first && second);
    const web = await one.guest('web');
    const db = await other.guest('db');
    await web.plug(first);
    await db.plug(second);
    await Promise.all([web.dhcp(), db.dhcp()]);
    assert.deepEqual(await web.resolve(one.gateway, 'db', 'A'), ['!ENOTFOUND']);
    await first.ask({ method: 'down' });
    assert.deepEqual((await db.resolve(other.gateway, 'db', 'A')).length, 1);
    assert.equal(other.dnsmasqs().length, 1);
  });

  it('is whole again after its server was killed at any step of making it', async (t) => {
    await using world = await World.create();
    const web = await world.guest('web');
    let killedAt = 0;
    for (let done = false; !done; killedAt++) {
      const doomed = world.server({ killAfter: killedAt + 1 });
      done = await survives(async () => {
        await doomed.ask({ method: 'up' });
        await web.plug(doomed);
      });
      await doomed.kill();
      const server = world.server();
      await server.ask({ method: 'up' });
      const { prepared } = await web.plug(server);
      assert.equal(await web.dhcp(), prepared.ipv4Address);
      assert.deepEqual(await web.resolve(world.gateway, 'web', 'A'), [prepared.ipv4Address]);
      assert.equal(world.dnsmasqs().length, 1);
      await server.ask({ method: 'down' });
      assert.deepEqual(await world.links(), ['lo']);
      await server.kill();
    }
    t.diagnostic(`killed at each of ${killedAt} steps`);
    assert.ok(killedAt >= 6);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Fault } from '../../base/fault.ts';
import { silentLog } from '../../base/log.ts';
import type { Task } from '../../base/task.ts';
import { FirewallInMemory } from '../../host/firewall-in-memory.ts';
import { LinkRatesInMemory } from '../../host/link-rates-in-memory.ts';
import { LinksInMemory } from '../../host/links-in-memory.ts';
import { SysctlsInMemory } from '../../host/sysctls-in-memory.ts';
import type { NicRequest } from '../contract.ts';
import { stableHwaddr } from '../hwaddr.ts';
import { newNetwork } from '../network.ts';
import type { NameServer } from './dnsmasq.ts';
import { BridgeDriver } from './driver.ts';

const task: Task = { signal: new AbortController().signal, log: silentLog, report() {} };
const record = newNetwork(
  { name: 'br0', config: { 'ipv4.address': '10.1.2.1/24', 'ipv4.nat': 'true', 'ipv6.address': 'fd42:1:2:3::1/64' } },
  [],
);
const web = nicOf('11111111-1111-4111-8111-111111111111', 'web');
const db = nicOf('22222222-2222-4222-8222-222222222222', 'db');

function nicOf(instanceId: string, instanceName: string): NicRequest {
  return { instanceId, instanceName, name: 'eth0', hwaddr: stableHwaddr(instanceId, 'eth0') };
}

/** One host, on which servers come and go. The effect that `failAt` counts to fails. */
class Host {
  readonly directory = mkdtempSync(join(tmpdir(), 'yurt-bridge-'));
  effects = 0;
  failAt = 0;
  reloads = 0;
  searching = 0;
  serving: string | undefined;
  found: (address: string) => boolean = () => false;
  readonly #effect = (what: string) => {
    this.effects += 1;
    if (this.effects === this.failAt) throw new Fault('internal', `no ${what}`);
  };
  readonly links = new LinksInMemory(this.#effect);
  readonly firewall = new FirewallInMemory(this.#effect);
  readonly nicFirewall = new FirewallInMemory(this.#effect);
  readonly rates = new LinkRatesInMemory(this.#effect);
  readonly sysctls = new SysctlsInMemory(
    {
      'ipv4/ip_forward': '0',
      'ipv6/conf/all/forwarding': '0',
      'ipv6/conf/all/accept_ra': '1',
      'ipv6/conf/default/accept_ra': '1',
      'ipv6/conf/eth0/accept_ra': '1',
      'ipv6/conf/eth1/accept_ra': '0',
      ...Object.fromEntries(
        ['disable_ipv6', 'accept_ra', 'autoconf', 'accept_dad', 'dad_transmits'].map((key) => [
          `ipv6/conf/br0/${key}`,
          '1',
        ]),
      ),
    },
    this.#effect,
  );
  readonly #nameServer: NameServer = {
    ensure: async (configuration, generation) => {
      if (this.serving === `${generation}\n${configuration}`) return;
      this.#effect('name server');
      this.serving = `${generation}\n${configuration}`;
    },
    reload: () => {
      this.reloads += 1;
    },
    stop: async () => {
      this.serving = undefined;
    },
    trouble: () => undefined,
    unwatch: () => {},
  };

  /** A new server on this host, that knows nothing but what is there. */
  server(): BridgeDriver {
    return new BridgeDriver({
      record,
      daemonId: 'd1',
      directory: join(this.directory, 'networks', 'br0'),
      links: this.links,
      firewall: this.firewall,
      nicFirewall: this.nicFirewall,
      rates: this.rates,
      sysctls: this.sysctls,
      nameServer: () => this.#nameServer,
      probe: async (address, signal) => {
        if (this.found(address)) return true;
        const { promise, resolve } = Promise.withResolvers<boolean>();
        signal.addEventListener('abort', () => resolve(false), { once: true });
        this.searching += 1;
        await promise;
        this.searching -= 1;
        return false;
      },
      account: async () => ({ user: 'nobody', group: 'nogroup' }),
      log: silentLog,
    });
  }

  leases(...lines: string[]): void {
    writeFileSync(join(this.directory, 'networks/br0', 'dnsmasq.leases'), lines.map((line) => `${line}\n`).join(''));
  }

  /** All that keeps nics to their rules. */
  guards(): unknown {
    return [[...this.nicFirewall.tables], [...this.rates.rates], [...this.links.isolated]];
  }

  async linkNames(): Promise<string[]> {
    return (await this.links.list()).map(({ name }) => name);
  }
}

let host = new Host();

beforeEach(() => {
  rmSync(host.directory, { recursive: true, force: true });
  host = new Host();
});
afterEach(() => rmSync(host.directory, { recursive: true, force: true }));

describe('a bridge', () => {
  it('comes up once: whoever brings it up again changes nothing', async () => {
    const driver = host.server();
    assert.equal(driver.status().status, 'unavailable');
    await driver.up(task);
    assert.deepEqual(driver.status(), { status: 'created' });
    const { effects } = host;
    await driver.up(task);
    await host.server().up(task);
    assert.equal(host.effects, effects);
    assert.match(host.serving ?? '', /^link 2\ninterface=br0\n/);
  });

  it('is repaired when somebody changed it', async () => {
    await host.server().up(task);
    await host.links.apply([{ do: 'remove-address', name: 'br0', address: '10.1.2.1/24' }]);
    host.firewall.tables.set('yurt_br0', 'something else');
    host.sysctls.values.set('ipv6/conf/br0/accept_ra', '1');
    await host.server().up(task);
    const [bridge] = await host.links.list();
    assert.ok(bridge?.addresses.includes('10.1.2.1/24'));
    assert.match(host.firewall.tables.get('yurt_br0') ?? '', /masquerade/);
    assert.equal(host.sysctls.values.get('ipv6/conf/br0/accept_ra'), '0');
  });

  it('comes up all the same after a kill at any step', async () => {
    await host.server().up(task);
    const steps = host.effects;
    const good = [await host.links.list(), [...host.firewall.tables], [...host.sysctls.values], host.serving];
    for (let step = 1; step <= steps; step++) {
      const other = new Host();
      try {
        other.failAt = step;
        await assert.rejects(other.server().up(task), /Cannot bring up network "br0": no /);
        await other.server().up(task);
        const world = [await other.links.list(), [...other.firewall.tables], [...other.sysctls.values], other.serving];
        const same = JSON.stringify(world).replaceAll(other.directory, host.directory);
        assert.equal(same, JSON.stringify(good), `step ${step}`);
      } finally {
        rmSync(other.directory, { recursive: true });
      }
    }
  });

  it('does not cost the host its own router', async () => {
    await host.server().up(task);
    const { values } = host.sysctls;
    const names = ['eth0', 'eth1', 'default'];
    assert.deepEqual(
      names.map((name) => values.get(`ipv6/conf/${name}/accept_ra`)),
      ['2', '0', '2'],
    );
  });

  it('leaves nothing when it goes down, and can come up again', async () => {
    const driver = host.server();
    await driver.up(task);
    await driver.enter(task, await driver.attach(task, web), web, 7);
    await driver.down(task);
    await driver.down(task);
    assert.deepEqual([await host.linkNames(), [...host.firewall.tables], host.serving], [[], [], undefined]);
    assert.deepEqual(readdirSync(host.directory), []);
    await driver.up(task);
    await driver.attach(task, web);
    assert.deepEqual(driver.status(), { status: 'created' });
  });

  it('keeps its hands off a link of its name that somebody else made', async () => {
    host.links.add({ name: 'br0', kind: 'bridge', hwaddr: '52:54:00:00:00:01' });
    const driver = host.server();
    await assert.rejects(driver.up(task), { code: 'in-use' });
    await driver.down(task);
    assert.deepEqual(await host.linkNames(), ['br0']);
  });

  it('connects an instance, and a second attempt finds the first', async () => {
    const driver = host.server();
    await driver.up(task);
    const prepared = await driver.attach(task, web);
    assert.match(prepared.ipv4Address ?? '', /^10\.1\.2\.\d+$/);
    await driver.enter(task, prepared, web, 7);
    assert.deepEqual(await host.linkNames(), ['br0', prepared.hostName]);
    const later = host.server();
    assert.deepEqual(await later.attach(task, web), prepared);
    await later.enter(task, prepared, web, 7);
    assert.deepEqual(await host.linkNames(), ['br0', prepared.hostName]);
    await later.enter(task, prepared, web, 8);
    assert.equal(await host.links.hwaddrInProcess(8, 'eth0'), web.hwaddr);
  });

  it('says that it is not up, rather than what ip says', async () => {
    const driver = host.server();
    await assert.rejects(driver.attach(task, web), { code: 'unavailable' });
    await driver.up(task);
    const prepared = await driver.attach(task, web);
    await host.links.apply([{ do: 'delete', name: 'br0' }]);
    await assert.rejects(driver.enter(task, prepared, web, 7), { code: 'unavailable', message: /not up/ });
  });

  it('forgets an instance whose namespace took the link with it', async () => {
    const driver = host.server();
    await driver.up(task);
    await driver.enter(task, await driver.attach(task, web), web, 7);
    host.links.endProcess(7);
    await driver.detach(task, web);
    await driver.detach(task, web);
    assert.deepEqual(await host.linkNames(), ['br0']);
    assert.deepEqual(readdirSync(join(host.directory, 'networks/br0', 'nics')), []);
    assert.equal(host.reloads, 1);
  });

  it('removes what a killed server left of instances that are gone', async () => {
    const before = host.server();
    await before.up(task);
    await before.enter(task, await before.attach(task, web), web, 7);
    const kept = await before.attach(task, db);
    await before.enter(task, kept, db, 8);
    host.links.add({ name: 'yurt0123456789a', kind: 'veth', master: 'br0' });
    host.links.add({ name: 'vm-tap0', kind: 'tun', master: 'br0' });
    await host.server().repair(task, new Set([db.instanceId]));
    assert.deepEqual(await host.linkNames(), ['br0', kept.hostName, 'vm-tap0']);
  });

  it('tells the addresses of its own nics only, by MAC address', async () => {
    const driver = host.server();
    await driver.up(task);
    await driver.attach(task, web);
    host.leases(
      `9999999999 ${web.hwaddr} 10.1.2.84 web *`,
      '9999999999 02:00:00:00:00:01 10.1.2.200 web *',
      `1000 ${web.hwaddr} 10.1.2.85 web *`,
    );
    const lease = { instanceId: web.instanceId, nic: 'eth0', hwaddr: web.hwaddr, hostname: 'web' };
    assert.deepEqual(await driver.leases(), [{ ...lease, family: 4, address: '10.1.2.84', source: 'dhcp' }]);
  });

  it('tells, and names, an IPv6 address only once it answered', async () => {
    const driver = host.server();
    await driver.up(task);
    host.found = (address) => address.startsWith('fd42:1:2:3:216:3eff:fe');
    await driver.enter(task, await driver.attach(task, web), web, 7);
    const hosts = join(host.directory, 'networks/br0', 'hosts', `${web.instanceId}.eth0`);
    await turns(() => readFileSync(hosts, 'utf8').includes(' web\n'));
    const [lease] = await driver.leases();
    assert.deepEqual([lease?.family, lease?.source], [6, 'slaac']);
    await driver.detach(task, web);
    assert.deepEqual(await driver.leases(), []);
    assert.throws(() => readFileSync(hosts), { code: 'ENOENT' });
  });

  it('stops searching when the server closes', async () => {
    const driver = host.server();
    await driver.up(task);
    await driver.enter(task, await driver.attach(task, web), web, 7);
    assert.equal(host.searching, 1);
    await driver[Symbol.asyncDispose]();
    await turns(() => host.searching === 0);
  });
});

const guarded: NicRequest = {
  ...web,
  rules: { ingressBits: 8_000_000, egressBits: 8_000_000, ipv4Filtering: true, isolated: true },
};

describe('a nic with rules', () => {
  async function connected(nic: NicRequest): Promise<BridgeDriver> {
    const driver = host.server();
    await driver.up(task);
    await driver.enter(task, await driver.attach(task, nic), nic, 7);
    return driver;
  }

  it('is up only once they hold, and leaves nothing of them', async () => {
    const driver = await connected(guarded);
    const [link] = [...host.rates.rates.keys()];
    assert.deepEqual([...host.links.isolated], [link]);
    assert.match(
      host.nicFirewall.tables.get(`yurt_nic_${link}`) ?? '',
      /ether saddr != 00:16:3e:.*limit rate over 1000000 /s,
    );
    assert.equal(await driver.holds(guarded), true);
    host.nicFirewall.tables.clear();
    assert.equal(await host.server().holds(guarded), false);
    await host.server().detach(task, web);
    assert.deepEqual(host.nicFirewall.tables, new Map());
  });

  it('is never up without them, and leaves nothing, when any step fails', async () => {
    const most = 10;
    let failures = 0;
    for (let step = 1; step <= most; step += 1) {
      const other = new Host();
      try {
        const driver = other.server();
        await driver.up(task);
        const prepared = await driver.attach(task, guarded);
        other.failAt = other.effects + step;
        if (!(await succeeds(driver.enter(task, prepared, guarded, 7)))) {
          failures += 1;
          assert.notEqual((await other.links.list()).find(({ name }) => name === prepared.hostName)?.up, true);
        }
        other.failAt = 0;
        await other.server().detach(task, web);
        assert.deepEqual([await other.linkNames(), [...other.nicFirewall.tables]], [['br0'], []], `step ${step}`);
      } finally {
        rmSync(other.directory, { recursive: true });
      }
    }
    assert.ok(failures >= 3 && failures < most, String(failures));
  });

  it('follows others while it is there, and comes back from a failure at any step', async () => {
    const free = await connected(web);
    const bare = host.guards();
    const links = await host.linkNames();
    await free.adjust(task, guarded);
    const whole = host.guards();
    await free.adjust(task, web);
    assert.deepEqual(host.guards(), bare);
    for (let step = 1; ; step += 1) {
      host.failAt = host.effects + step;
      if (await succeeds(free.adjust(task, guarded))) break;
      host.failAt = 0;
      await host.server().adjust(task, web);
      assert.deepEqual(host.guards(), bare, `step ${step}`);
    }
    assert.deepEqual(host.guards(), whole);
    assert.deepEqual(await host.linkNames(), links);
  });

  it('is cleared away by the next server when its instance is gone', async () => {
    await connected({ ...guarded, hostName: 'web-lan' });
    assert.deepEqual(await host.linkNames(), ['br0', 'web-lan']);
    await host.server().repair(task, new Set());
    assert.deepEqual(await host.linkNames(), ['br0']);
    assert.deepEqual(host.nicFirewall.tables, new Map());
  });

  it('never takes a link that somebody else made', async () => {
    host.links.add({ name: 'web-lan', kind: 'veth' });
    await assert.rejects(connected({ ...web, hostName: 'web-lan' }), { code: 'in-use' });
    await host.server().repair(task, new Set());
    assert.deepEqual(await host.linkNames(), ['web-lan', 'br0']);
    await assert.rejects(host.server().check({ ...web, hostName: 'yurt0123456789a' }), { code: 'invalid' });
  });

  it("is known by the name of its host's end while it is attached", async () => {
    await connected({ ...guarded, hostName: 'web-lan' });
    assert.equal(await host.server().hostLink(web), 'web-lan');
    await host.server().detach(task, web);
    assert.equal(await host.server().hostLink(web), undefined);
  });

  it('changes its address while it is there', async () => {
    const driver = await connected(web);
    await driver.adjust(task, { ...web, ipv4: '10.1.2.77' });
    assert.equal(await driver.reservedAddress(web), '10.1.2.77');
    assert.equal(await host.server().reservedAddress(web), '10.1.2.77');
    await driver.adjust(task, { ...web, ipv4: 'none' });
    assert.equal(await host.server().reservedAddress(web), undefined);
  });
});

async function succeeds(work: Promise<void>): Promise<boolean> {
  return await work.then(
    () => true,
    () => false,
  );
}

/** Lets pending work go on until the condition holds. */
async function turns(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    try {
      if (condition()) return;
    } catch {
      // not yet
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(condition());
}

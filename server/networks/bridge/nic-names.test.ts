import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { NicRequest } from '../contract.ts';
import { stableHwaddr } from '../hwaddr.ts';
import { formatAddress, parseSubnet } from '../subnet.ts';
import { addressPlan, inRange, reserve } from './address-plan.ts';
import { NicNames } from './nic-names.ts';

const web = '11111111-1111-4111-8111-111111111111';
const db = '22222222-2222-4222-8222-222222222222';
const ipv4 = parseSubnet('10.1.2.1/24');
const ipv6 = parseSubnet('fd42:1:2:3::1/64');

function nic(instanceId: string, instanceName: string, change: Partial<NicRequest> = {}): NicRequest {
  const name = change.name ?? 'eth0';
  return { instanceId, instanceName, name, hwaddr: stableHwaddr(instanceId, name), ...change };
}

describe('the names of nics', () => {
  let directory = '';
  const open = (subnets: { ipv4?: typeof ipv4; ipv6?: typeof ipv6 } = { ipv4, ipv6 }) =>
    new NicNames({
      ...{ nicsDirectory: join(directory, 'nics'), hostsDirectory: join(directory, 'hosts'), domain: 'yurt' },
      ...subnets,
    });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'yurt-nics-'));
    for (const name of ['nics', 'hosts']) mkdirSync(join(directory, name));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('are files that dnsmasq reads and a later server finds again', async () => {
    const names = open();
    await names.load();
    const { entry, isNew } = names.assign(nic(web, 'web'));
    await names.write(entry);
    assert.ok(isNew);
    const address = formatAddress(4, entry.ipv4 ?? 0n);
    assert.equal(readFileSync(join(directory, 'nics', `${web}.eth0`), 'utf8'), `${entry.hwaddr},${address},web\n`);
    await names.confirmIPv6(web, 'eth0');
    const hosts = readFileSync(join(directory, 'hosts', `${web}.eth0`), 'utf8');
    assert.match(hosts, /^fd42:1:2:3:216:3eff:fe[0-9a-f:]+ web\n$/);

    const later = open();
    await later.load();
    assert.deepEqual(later.list(), names.list());
    assert.equal(later.assign(nic(web, 'web')).isNew, false);
    await later.remove(web, 'eth0');
    await later.remove(web, 'eth0');
    assert.deepEqual([readdirSync(join(directory, 'nics')), readdirSync(join(directory, 'hosts'))], [[], []]);
  });

  it('of instances in projects have the project in them, and are found again', async () => {
    const names = open();
    await names.load();
    names.assign(nic(web, 'web'));
    const { entry } = names.assign(nic(db, 'web', { project: 'blue' }));
    await names.write(entry);
    const address = formatAddress(4, entry.ipv4 ?? 0n);
    assert.equal(
      readFileSync(join(directory, 'nics', `${db}.eth0`), 'utf8'),
      `# web.blue\n${entry.hwaddr},${address}\n`,
    );
    const hosts = () => readFileSync(join(directory, 'hosts', `${db}.eth0`), 'utf8');
    assert.equal(hosts(), `${address} web.blue.yurt web.blue\n`);
    await names.confirmIPv6(db, 'eth0');
    assert.match(hosts(), /^10\.1\.2\.\d+ web\.blue\.yurt web\.blue\nfd42:\S+ web\.blue\.yurt web\.blue\n$/);
    const later = open();
    await later.load();
    assert.deepEqual(later.find(db, 'eth0'), names.find(db, 'eth0'));
    assert.equal(names.assign(nic(db, 'web', { project: 'blue', name: 'eth1' })).entry.dnsName, 'web-eth1.blue');
    await later.remove(db, 'eth0');
    assert.deepEqual([readdirSync(join(directory, 'nics')), readdirSync(join(directory, 'hosts'))], [[], []]);
  });

  it('of a project that is called as the domain never stand for an instance of the default one', async () => {
    const names = open();
    const { entry } = names.assign(nic(db, 'web', { project: 'yurt' }));
    await names.write(entry);
    assert.match(readFileSync(join(directory, 'hosts', `${db}.eth0`), 'utf8'), /^\S+ web\.yurt\.yurt\n$/);
    assert.throws(() => names.assign(nic(web, 'a', { project: 'b\nc' })), { code: 'invalid' });
  });

  it('belong to one instance each, whatever the case', async () => {
    const names = open();
    names.assign(nic(web, 'web'));
    assert.throws(() => names.assign(nic(db, 'WEB')), { code: 'in-use' });
    assert.throws(() => names.assign(nic(db, 'db', { hwaddr: stableHwaddr(web, 'eth0') })), { code: 'in-use' });
    assert.equal(names.assign(nic(web, 'web', { name: 'eth1' })).entry.dnsName, 'web-eth1');
    assert.throws(() => names.assign(nic(db, 'web-eth1')), { code: 'in-use' });
    assert.equal(names.list().length, 2);
  });

  it('come with addresses of which no two are the same', () => {
    const small = parseSubnet('10.0.0.1/28');
    const names = open({ ipv4: small });
    const plan = addressPlan(small);
    const addresses = Array.from({ length: 10 }, (_, index) => {
      const id = `${String(index).padStart(8, '0')}-1111-4111-8111-111111111111`;
      return names.assign(nic(id, `i${index}`)).entry.ipv4 ?? 0n;
    });
    assert.equal(new Set(addresses).size, 10);
    assert.ok(addresses.every((address) => inRange(plan.reserved, address) && address !== plan.gateway));
    assert.throws(() => names.assign(nic(web, 'one-too-many')), { code: 'exhausted' });
  });

  it('come with the address that somebody chose, unless the network has it not or another nic has it', () => {
    const names = open();
    assert.equal(names.assign(nic(web, 'web', { ipv4: '10.1.2.250' })).entry.ipv4, 0x0a0102fan);
    assert.throws(() => names.assign(nic(db, 'db', { ipv4: '10.1.2.250' })), {
      code: 'in-use',
      message: /that of web/,
    });
    for (const address of ['10.1.2.0', '10.1.2.1', '10.1.2.255', '10.1.3.7', 'fd42::1']) {
      assert.throws(() => names.check(nic(db, 'db', { ipv4: address })), { code: 'invalid' }, address);
    }
    assert.equal(names.assign(nic(db, 'db', { ipv4: 'none' })).entry.ipv4, undefined);
    assert.throws(() => open({}).check(nic(db, 'db', { ipv4: '10.1.2.250' })), { code: 'invalid' });
  });

  it('may be given what another nic of the same instance gives up, and no two have it at once', () => {
    const names = open();
    names.assign(nic(web, 'web', { ipv4: '10.1.2.250', hostName: 'end' }));
    const renamed = nic(web, 'web', { name: 'lan9', ipv4: '10.1.2.250', hostName: 'end' });
    names.check(renamed);
    assert.throws(() => names.check({ ...renamed, instanceId: db }), { code: 'in-use' });
    assert.throws(() => names.assign(renamed), { code: 'in-use' });
  });

  it('never choose an address that somebody claims', () => {
    const free = open().assign(nic(web, 'web')).entry.ipv4 ?? 0n;
    const claimed = new Set([formatAddress(4, free)]);
    assert.notEqual(open().assign(nic(web, 'web'), claimed).entry.ipv4, free);
  });

  it('come with the IPv6 address of the MAC address, and no other', () => {
    const request = nic(web, 'web', { hwaddr: '00:16:3e:00:00:01' });
    open().check({ ...request, ipv6: 'fd42:1:2:3:216:3eff:fe00:1' });
    open().check({ ...request, ipv6: 'none' });
    assert.throws(() => open().check({ ...request, ipv6: 'fd42:1:2:3::7' }), /fd42:1:2:3:216:3eff:fe00:1/);
  });

  it('move to the new subnet when the network got one', async () => {
    const names = open();
    const { entry } = names.assign(nic(web, 'web'));
    await names.write(entry);
    const later = open({ ipv4: parseSubnet('10.9.0.1/24') });
    await later.load();
    const [moved] = later.list();
    assert.match(formatAddress(4, moved?.ipv4 ?? 0n), /^10\.9\.0\./);
    assert.match(readFileSync(join(directory, 'nics', `${web}.eth0`), 'utf8'), /,10\.9\.0\.\d+,web\n$/);
  });

  it('are refused when they could become something else in a file', () => {
    const names = open();
    const hostile = [
      '',
      'a\nb',
      'a,b',
      'a b',
      'a.b',
      '-a',
      'a-',
      '1234',
      'a#b',
      'a/b',
      'a\0',
      'a=b',
      'ä',
      'x'.repeat(64),
      '..',
    ];
    for (const value of hostile) assert.throws(() => names.assign(nic(web, value)), { code: 'invalid' }, value);
    for (const name of ['', '../x', 'eth0/..', 'a.b', 'x'.repeat(16), 'eth\n0']) {
      assert.throws(() => names.assign(nic(web, 'web', { name })), { code: 'invalid' }, name);
    }
    assert.throws(() => names.assign(nic('../../etc', 'web')), { code: 'invalid' });
    assert.throws(() => names.assign(nic(web, 'web', { hwaddr: 'ff:ff:ff:ff:ff:ff' })), { code: 'invalid' });
    assert.deepEqual(names.list(), []);
  });

  it('pass over and remove files that they did not write', async () => {
    const nics = join(directory, 'nics');
    writeFileSync(join(nics, `.${web}.eth0`), 'half');
    writeFileSync(join(nics, `${web}.eth0`), 'set:red,10.0.0.1,web\n');
    writeFileSync(join(nics, `${db}.eth0`), `${stableHwaddr(db, 'eth0')},10.1.2.9,db\nmore\n`);
    writeFileSync(join(directory, 'hosts', `${web}.eth0`), '10.0.0.1 evil\n');
    const names = open();
    await names.load();
    assert.deepEqual(names.list(), []);
    assert.deepEqual([readdirSync(nics), readdirSync(join(directory, 'hosts'))], [[], []]);
  });

  it('cannot be written before the network was up', async () => {
    rmSync(join(directory, 'nics'), { recursive: true });
    const names = open();
    await names.load();
    await assert.rejects(names.write(names.assign(nic(web, 'web')).entry), { code: 'unavailable' });
  });
});

describe('the address plan', () => {
  it('keeps the last quarter for links that are not known, down to the smallest subnet', () => {
    for (const [text, first, last, dynamic] of [
      ['10.1.2.1/24', '10.1.2.1', '10.1.2.191', '10.1.2.192'],
      ['10.0.0.1/29', '10.0.0.1', '10.0.0.5', '10.0.0.6'],
      ['10.0.0.1/8', '10.0.0.1', '10.191.255.255', '10.192.0.0'],
    ] as const) {
      const plan = addressPlan(parseSubnet(text));
      assert.deepEqual(
        [plan.reserved.first, plan.reserved.last, plan.dynamic.first].map((address) => formatAddress(4, address)),
        [first, last, dynamic],
      );
    }
  });

  it('gives a MAC address the same address again', () => {
    const plan = addressPlan(ipv4);
    assert.equal(reserve(plan, '00:16:3e:00:00:01', new Set()), reserve(plan, '00:16:3e:00:00:01', new Set([1n])));
  });
});

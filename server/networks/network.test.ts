import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LinksInMemory } from '../host/links-in-memory.ts';
import { freeIPv4, takenSubnets } from './free-subnet.ts';
import { bridgeConfig, bridgeKeys, newNetwork } from './network.ts';
import { formatSubnet, parseSubnet } from './subnet.ts';
import { unmanagedLinks } from './unmanaged.ts';

/** Gives the numbers one after the other. */
function sequence(...numbers: number[]): () => number {
  return () => numbers.shift() ?? 0;
}

describe('a new network', () => {
  it('gets free private subnets with NAT when it says nothing', () => {
    const record = newNetwork({ name: 'yurtbr0', config: {} }, [], sequence(1, 2, 0xa, 0xb, 0xc));
    assert.deepEqual(record, {
      name: 'yurtbr0',
      type: 'bridge',
      description: '',
      config: {
        'ipv4.address': '10.1.2.1/24',
        'ipv4.nat': 'true',
        'ipv6.address': 'fd42:a:b:c::1/64',
        'ipv6.nat': 'true',
      },
    });
    assert.equal(bridgeConfig(record).domain, 'yurt');
  });

  it('keeps what it was told, and has no NAT unless asked', () => {
    const config = { 'ipv4.address': '192.168.7.1/28', 'ipv6.address': 'none', 'dns.domain': 'lab.example' };
    const parsed = bridgeConfig(newNetwork({ name: 'lan-0', config }, []));
    assert.deepEqual(parsed, {
      ipv4: parseSubnet('192.168.7.1/28'),
      ipv4Nat: false,
      ipv6Nat: false,
      domain: 'lab.example',
    });
  });

  it('can have automatic addresses without NAT', () => {
    const record = newNetwork({ name: 'n', config: { 'ipv4.address': 'auto', 'ipv4.nat': 'false' } }, []);
    assert.equal(bridgeConfig(record).ipv4Nat, false);
  });

  it('avoids every address and route of the host', async () => {
    const links = new LinksInMemory();
    links.add({ name: 'eth0', addresses: ['10.1.0.5/16', 'fd00::1/64'] });
    const taken = await takenSubnets(links);
    assert.equal(formatSubnet(freeIPv4(taken, sequence(1, 2, 1, 255, 2, 3))), '10.2.3.1/24');
    assert.throws(() => freeIPv4([parseSubnet('10.0.0.0/8')]), { code: 'exhausted' });
  });

  it('is refused with a name that cannot be a link', () => {
    for (const name of [
      '',
      '0br',
      'a'.repeat(16),
      'br 0',
      'br/0',
      'br"0',
      'br\n0',
      'all',
      'default',
      'br_0',
      'b.1',
      '..',
    ]) {
      assert.throws(() => newNetwork({ name, config: {} }, []), { code: 'invalid' }, name);
    }
  });

  it('is refused with a config that means nothing', () => {
    const wrong: Record<string, string>[] = [
      { 'ipv4.adress': 'auto' },
      { constructor: 'x' },
      { 'ipv4.nat': 'yes' },
      ...[
        '10.0.0.0/24',
        '10.0.0.255/24',
        '10.0.0.1/30',
        '10.0.0.1/7',
        '127.0.0.1/8',
        '224.0.0.1/24',
        'fd42::1/64',
        'x',
      ].map((address) => ({ 'ipv4.address': address })),
      ...['fd42::/64', 'fd42::1/80', 'fe80::1/64', 'ff02::1/64', '::1/64', '10.0.0.1/24', 'fd42::1%e/64'].map(
        (address) => ({ 'ipv6.address': address }),
      ),
      ...[
        '',
        '.',
        'a..b',
        'Yurt',
        '-a',
        'a-',
        'a b',
        'a\nlocal=/x/',
        'a#',
        'a=b',
        'a/b',
        'a\0',
        '10.1',
        'x'.repeat(64),
      ].map((domain) => ({ 'dns.domain': domain })),
    ];
    for (const config of wrong) {
      assert.throws(() => newNetwork({ name: 'n', config }, []), { code: 'invalid' }, JSON.stringify(config));
    }
  });

  it('has every key documented, with a default that is allowed', () => {
    for (const [key, entry] of Object.entries(bridgeKeys)) {
      assert.match(entry.doc, /\.$/, key);
      entry.check(entry.default);
    }
  });
});

describe('unmanaged links', () => {
  it('are all but the managed bridges and their nics', async () => {
    const links = new LinksInMemory();
    links.add({ name: 'lo', kind: 'loopback' });
    links.add({ name: 'eth0' });
    links.add({ name: 'yurtbr0', kind: 'bridge' });
    links.add({ name: 'yurt0123456789a', kind: 'veth', master: 'yurtbr0' });
    const managed = new Set(['yurtbr0']);
    assert.deepEqual(
      unmanagedLinks(await links.list(), managed, ({ master }) => managed.has(master ?? '')),
      [
        { name: 'eth0', type: 'physical' },
        { name: 'lo', type: 'loopback' },
      ],
    );
  });
});

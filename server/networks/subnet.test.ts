import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eui64, isHwaddr, stableHwaddr } from './hwaddr.ts';
import {
  contains,
  formatAddress,
  formatSubnet,
  lastOf,
  netmaskOf,
  networkOf,
  overlaps,
  parseAddress,
  parseSubnet,
} from './subnet.ts';

describe('a subnet', () => {
  it('reads and writes addresses in their canonical form', () => {
    const same = ['10.1.2.1/24', '0.0.0.0/0', '255.255.255.255/32', 'fd42::1/64', '::/0', '::1/128', 'fd42:1:2:3::/64'];
    for (const text of same) assert.equal(formatSubnet(parseSubnet(text)), text);
    assert.equal(formatSubnet(parseSubnet('FD42:0:0:0:00:0:0:01/64')), 'fd42::1/64');
    assert.equal(formatSubnet(parseSubnet('1:0:0:2:0:0:0:3/128')), '1:0:0:2::3/128');
    assert.equal(formatSubnet(parseSubnet('1:0:2:3:4:5:6:7/128')), '1:0:2:3:4:5:6:7/128');
    assert.equal(formatSubnet(parseSubnet('::ffff:10.0.0.1/128')), '::ffff:a00:1/128');
    assert.equal(formatSubnet(parseSubnet('1:2:3:4:5:6:7::/128')), '1:2:3:4:5:6:7:0/128');
  });

  it('refuses what is not an address with a prefix length', () => {
    const wrong = [
      '',
      '10.0.0.1',
      '10.0.0.1/',
      '10.0.0.1/33',
      '10.0.0/24',
      'fe80::1%eth0/64',
      '::1/129',
      '1/2/3',
      '::1/-1',
    ];
    for (const text of wrong) assert.throws(() => parseSubnet(text), { code: 'invalid' }, text);
  });

  it('knows its first and last address, and what overlaps', () => {
    const subnet = parseSubnet('10.1.2.7/22');
    assert.equal(formatAddress(4, networkOf(subnet)), '10.1.0.0');
    assert.equal(formatAddress(4, lastOf(subnet)), '10.1.3.255');
    assert.equal(netmaskOf(subnet), '255.255.252.0');
    assert.ok(overlaps(subnet, parseSubnet('10.0.0.0/8')));
    assert.ok(overlaps(subnet, parseSubnet('10.1.3.255/32')));
    assert.ok(!overlaps(subnet, parseSubnet('10.1.4.0/24')));
    assert.ok(!overlaps(parseSubnet('::/0'), parseSubnet('0.0.0.0/0')));
    assert.ok(contains(subnet, 4, parseAddress('10.1.1.1')?.address ?? 0n));
  });
});

describe('a MAC address of a nic', () => {
  it('is the same for ever, of one station, and another for each nic and attempt', () => {
    const first = stableHwaddr('1b4e28ba-2fa1-11d2-883f-0016d3cca427', 'eth0');
    assert.equal(first, '00:16:3e:5e:7c:36');
    assert.ok(isHwaddr(first));
    const others = [
      stableHwaddr('1b4e28ba-2fa1-11d2-883f-0016d3cca427', 'eth1'),
      stableHwaddr('1b4e28ba-2fa1-11d2-883f-0016d3cca427', 'eth0', 1),
      stableHwaddr('1b4e28ba-2fa1-11d2-883f-0016d3cca428', 'eth0'),
    ];
    assert.equal(new Set([first, ...others]).size, 4);
  });

  it('must not be a group address, all zero, or spelled otherwise', () => {
    for (const text of ['01:00:5e:00:00:01', '00:00:00:00:00:00', '00:16:3E:00:00:01', '00:16:3e:00:00', 'x']) {
      assert.ok(!isHwaddr(text), text);
    }
  });

  it('makes the address that a guest makes of it', () => {
    // RFC 4291, appendix A: the universal bit is inverted and ff:fe goes in the middle.
    const address = eui64(parseSubnet('fd42:1:2:3::1/64'), '00:16:3e:7c:13:f4');
    assert.equal(formatAddress(6, address), 'fd42:1:2:3:216:3eff:fe7c:13f4');
  });
});

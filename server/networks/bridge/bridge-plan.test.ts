import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Link } from '../../host/links.ts';
import { parseSubnet } from '../subnet.ts';
import { planBridge, type WantedBridge } from './bridge-plan.ts';
import { rulesetOf, tableOf } from './ruleset.ts';

const config = {
  ipv4: parseSubnet('10.1.2.1/24'),
  ipv4Nat: true,
  ipv6: parseSubnet('fd42:1:2:3::1/64'),
  ipv6Nat: true,
  domain: 'yurt',
};
const wanted: WantedBridge = { name: 'br0', hwaddr: '00:16:3e:00:00:01', alias: 'yurt:d:br0', config };
const right: Link = {
  name: 'br0',
  index: 2,
  kind: 'bridge',
  hwaddr: wanted.hwaddr,
  alias: wanted.alias,
  up: true,
  stp: false,
  addresses: ['10.1.2.1/24', 'fd42:1:2:3::1/64'],
};

describe('the plan of a bridge', () => {
  it('makes all of it where there is nothing', () => {
    assert.deepEqual(planBridge(wanted, undefined), {
      link: [
        { do: 'add-bridge', name: 'br0', hwaddr: '00:16:3e:00:00:01' },
        { do: 'set-alias', name: 'br0', alias: 'yurt:d:br0' },
      ],
      rest: [
        { do: 'add-address', name: 'br0', address: '10.1.2.1/24' },
        { do: 'add-address', name: 'br0', address: 'fd42:1:2:3::1/64' },
        { do: 'set-up', name: 'br0' },
      ],
    });
  });

  it('changes nothing where all is right', () => {
    assert.deepEqual(planBridge(wanted, right), { link: [], rest: [] });
  });

  it('repairs each thing that is wrong, and nothing else', () => {
    const { alias: _, ...nameless } = right;
    const wrong = {
      ...right,
      hwaddr: '00:16:3e:00:00:02',
      stp: true,
      up: false,
      addresses: ['10.9.9.1/24', 'fd42:1:2:3::1/64'],
    };
    assert.deepEqual(planBridge(wanted, nameless).link, [{ do: 'set-alias', name: 'br0', alias: 'yurt:d:br0' }]);
    assert.deepEqual(planBridge(wanted, wrong), {
      link: [
        { do: 'set-hwaddr', name: 'br0', hwaddr: '00:16:3e:00:00:01' },
        { do: 'set-stp-off', name: 'br0' },
      ],
      rest: [
        { do: 'remove-address', name: 'br0', address: '10.9.9.1/24' },
        { do: 'add-address', name: 'br0', address: '10.1.2.1/24' },
        { do: 'set-up', name: 'br0' },
      ],
    });
  });

  it('keeps its hands off a link of somebody else', () => {
    const { alias: _, ...foreign } = { ...right, hwaddr: '52:54:00:00:00:01' };
    assert.throws(() => planBridge(wanted, foreign), { code: 'in-use' });
    assert.throws(() => planBridge(wanted, { ...right, kind: 'physical' }), { code: 'in-use' });
  });
});

describe('the firewall table of a bridge', () => {
  it('accepts what guests need of their host and masquerades what leaves', () => {
    assert.equal(tableOf('lan-0'), 'yurt_lan_0');
    assert.deepEqual(rulesetOf('lan-0', config).split('\n'), [
      '\tchain input {',
      '\t\ttype filter hook input priority filter; policy accept;',
      '\t\tiifname "lan-0" udp dport { 53, 67 } accept',
      '\t\tiifname "lan-0" tcp dport 53 accept',
      '\t\tiifname "lan-0" icmpv6 type nd-router-solicit accept',
      '\t}',
      '\tchain forward {',
      '\t\ttype filter hook forward priority filter; policy accept;',
      '\t\tiifname "lan-0" accept',
      '\t\toifname "lan-0" accept',
      '\t}',
      '\tchain postrouting {',
      '\t\ttype nat hook postrouting priority srcnat; policy accept;',
      '\t\tip saddr 10.1.2.0/24 ip daddr != 10.1.2.0/24 masquerade',
      '\t\tip6 saddr fd42:1:2:3::/64 ip6 daddr != fd42:1:2:3::/64 masquerade',
      '\t}',
      '',
    ]);
  });

  it('masquerades nothing where NAT is off', () => {
    assert.doesNotMatch(rulesetOf('br0', { ...config, ipv4Nat: false, ipv6Nat: false }), /masquerade/);
  });

  it('refuses a name that would end its string', () => {
    assert.throws(() => rulesetOf('br0" accept; #', config), { code: 'invalid' });
  });
});

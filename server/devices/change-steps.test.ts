import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { futureOwner } from '../instances/check-expanded.ts';
import { changeSteps, type DeviceChanges } from './change-steps.ts';
import type { Devices } from './device.ts';
import { planDevices } from './plan-devices.ts';

function planned(devices: Devices) {
  return planDevices(futureOwner, devices, (_uuid, name) => `00:16:3e:00:00:${name.charCodeAt(0).toString(16)}`);
}

/** The steps in words, first those that leave links alone. */
function words(removed: Devices, added: Devices, adjusted: DeviceChanges['adjusted'] = []): string[][] {
  const { others, links } = changeSteps({ removed: planned(removed), added: planned(added), adjusted });
  return [others, links].map((steps) =>
    steps.map((step) => `${step.verb} ${step.verb === 'adjust' ? step.to.name : step.device.name}`),
  );
}

const nic = { type: 'nic', network: 'yurtbr0' };
const disk = { type: 'disk', source: '/srv', path: '/srv' };
const relay = { type: 'proxy', listen: 'tcp:192.0.2.1:80', connect: 'tcp:127.0.0.1:80' };
const nat = { type: 'proxy', listen: 'tcp:192.0.2.1:80', connect: 'tcp:0.0.0.0:80', nat: 'true' };

describe('the steps of changing devices', () => {
  it('take links away when nothing else can fail any more', () => {
    assert.deepEqual(
      words({ eth0: nic, d: disk }, { eth0: { ...nic, mtu: '1400' }, d: { ...disk, path: '/s' }, lan: nic, p: relay }),
      [
        ['remove d', 'add d', 'add p'],
        ['add lan', 'remove eth0', 'add eth0'],
      ],
    );
  });

  it('give a new nic what another one had only when that is gone', () => {
    const last = ['remove eth0', 'add lan'];
    // The name of the instance on the network, too.
    assert.deepEqual(words({ eth0: nic }, { lan: nic })[1], last);
    assert.deepEqual(words({ eth0: nic }, { lan: { ...nic, network: 'other' } })[1], ['add lan', 'remove eth0']);
    assert.deepEqual(words({ eth0: nic }, { lan: { ...nic, name: 'eth0' } })[1], last);
    assert.deepEqual(
      words({ eth0: { ...nic, hwaddr: '00:16:3e:00:00:01' } }, { lan: { ...nic, hwaddr: '00:16:3e:00:00:01' } })[1],
      last,
    );
    assert.deepEqual(words({ eth0: { ...nic, host_name: 'end' } }, { lan: { ...nic, host_name: 'end' } })[1], last);
    assert.deepEqual(words({ eth0: nic }, { lan: { ...nic, 'ipv4.address': '10.1.2.3' } })[1], last);
    const [from, to] = [planned({ eth0: nic })[0], planned({ eth0: { ...nic, 'ipv4.address': '10.1.2.4' } })[0]];
    assert.ok(from !== undefined && to !== undefined);
    const lan = { ...nic, 'ipv4.address': '10.1.2.3' };
    assert.deepEqual(words({}, { lan }, [[from, to]])[1], ['adjust eth0', 'add lan']);
    assert.deepEqual(words({}, { lan })[1], ['add lan']);
  });

  it('make rules for a nic when it is there, and what has the name of a nic when that is gone', () => {
    assert.deepEqual(words({ eth0: nic, p: nat }, { eth0: { ...nic, mtu: '1400' }, p: nat }), [
      [],
      ['remove p', 'remove eth0', 'add eth0', 'add p'],
    ]);
    assert.deepEqual(words({ p: nat }, { p: relay }), [[], ['remove p', 'add p']]);
    assert.deepEqual(words({ p: relay }, { p: nat, eth0: nic }), [['remove p'], ['add eth0', 'add p']]);
    assert.deepEqual(words({ x: nic }, { x: disk }), [[], ['remove x', 'add x']]);
  });
});

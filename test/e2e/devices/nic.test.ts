import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../harness/eventually.ts';
import { DeviceWorld } from './device-world.ts';

const longMs = 4 * 60_000;

describe('a nic', { timeout: longMs }, () => {
  let world: DeviceWorld;
  let network: string;

  before(async () => {
    world = await DeviceWorld.start();
    network = (await world.yurt.ok('network', 'list', '-f', 'csv')).match(/^(yurtbr\d+),/m)?.[1] ?? '';
    await world.yurt.ok('launch', 'tiny', 'a');
  });

  after(async () => await world[Symbol.asyncDispose]());

  /** Ports of the network's bridge. */
  const ports = async () => (await world.yurt.inNetwork(['ip', '-o', 'link', 'show', 'master', network])).stdout.trim();
  const portCount = async () => (await ports()).split('\n').filter((line) => line !== '').length;

  it('is plugged in while the instance runs, and gets an address of its own', async () => {
    await world.set('a', 'eth1', { type: 'nic', network, hwaddr: '00:16:3e:12:34:56' });
    assert.equal(await world.inside('a', 'cat /sys/class/net/eth1/address'), '00:16:3e:12:34:56');
    await world.inside('a', 'ip link set eth1 up && udhcpc -i eth1 -n -q -f -t 5 >/dev/null');
    await eventually(async () => {
      assert.match(await world.yurt.ok('list', 'a', '-f', 'csv', '-c', '4'), /\(eth1\)/);
    });
    assert.equal(await portCount(), 2);
  });

  it('keeps the others as they are when it changes or goes', async () => {
    const index = await world.inside('a', 'cat /sys/class/net/eth0/ifindex');
    await world.set('a', 'eth1', { type: 'nic', network, name: 'lan7' });
    assert.match(await world.inside('a', 'ls /sys/class/net'), /lan7/);
    await world.fails('a', 'ls /sys/class/net/eth1');
    await world.set('a', 'eth1', undefined);
    await world.fails('a', 'ls /sys/class/net/lan7');
    assert.equal(await world.inside('a', 'cat /sys/class/net/eth0/ifindex'), index);
    assert.equal(await portCount(), 1);
  });

  it('whose MAC address or name another has is refused, and nothing changes', async () => {
    const taken = await world.inside('a', 'cat /sys/class/net/eth0/address');
    await assert.rejects(world.set('a', 'eth1', { type: 'nic', network, hwaddr: taken }), /MAC address .* is in use/);
    await assert.rejects(world.set('a', 'eth1', { type: 'nic', network, name: 'eth0' }), /both want the link eth0/);
    await assert.rejects(world.set('a', 'eth1', { type: 'nic', network: 'nope' }), /"nope" does not exist/);
    assert.equal(await portCount(), 1);
    assert.deepEqual(Object.keys((await world.instance('a')).devices), []);
  });

  it('is found again by the next server, which then takes it away', async () => {
    await world.set('a', 'eth1', { type: 'nic', network });
    await world.yurt.signal('SIGKILL');
    await world.yurt.up();
    assert.equal(await portCount(), 2);
    await world.set('a', 'eth1', undefined);
    assert.equal(await portCount(), 1);
    await world.yurt.ok('stop', '--force', 'a');
    assert.equal(await portCount(), 0);
    assert.deepEqual(world.runs(), []);
  });
});

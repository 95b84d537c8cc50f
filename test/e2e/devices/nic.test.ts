import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../harness/eventually.ts';
import { DeviceWorld } from './device-world.ts';

const longMs = 15 * 60_000;

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

  it('tells what it has received and sent, as the instance counts it', async () => {
    const gateway = await world.inside('a', "ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p'");
    await world.inside('a', `ping -c 3 -i 0.1 -s 1000 ${gateway} >/dev/null`);
    const counted = async () => (await world.instance('a')).state?.network.find(({ name }) => name === 'eth0');
    const { receivedBytes = 0, sentBytes = 0 } = (await counted()) ?? {};
    assert.ok(Number(receivedBytes) > 3000 && Number(sentBytes) > 3000, `${receivedBytes} ${sentBytes}`);
    const inside = async (what: string) =>
      Number(await world.inside('a', `cat /sys/class/net/eth0/statistics/${what}`));
    assert.ok((await inside('rx_bytes')) >= Number(receivedBytes));
    assert.ok((await inside('tx_bytes')) >= Number(sentBytes));
    assert.match(
      await world.yurt.ok('info', 'a'),
      /Host interface: yurt[0-9a-f]{11}\n +MAC address: .*\n +MTU: 1500\n/,
    );
  });

  it('whose MAC address or name another has is refused, and nothing changes', async () => {
    const taken = await world.inside('a', 'cat /sys/class/net/eth0/address');
    await assert.rejects(world.set('a', 'eth1', { type: 'nic', network, hwaddr: taken }), /MAC address .* is in use/);
    await assert.rejects(world.set('a', 'eth1', { type: 'nic', network, name: 'eth0' }), /both want the link eth0/);
    await assert.rejects(world.set('a', 'eth1', { type: 'nic', network: 'nope' }), /"nope" does not exist/);
    assert.equal(await portCount(), 1);
    assert.deepEqual(Object.keys((await world.instance('a')).devices), []);
  });

  it('has the MTU and the name on the host that it was given', async () => {
    await world.set('a', 'eth1', { type: 'nic', network, mtu: '9000', host_name: 'a-lan.1' });
    assert.equal(await world.inside('a', 'cat /sys/class/net/eth1/mtu'), '9000');
    assert.match(await ports(), /a-lan\.1@\S+ <\S+> mtu 9000 /);
    const told = (await world.instance('a')).state?.network.find(({ name }) => name === 'eth1');
    assert.equal(told?.mtu, 9000);
    assert.equal(told?.hostName, 'a-lan.1');
    await world.set('a', 'eth1', { type: 'nic', network, mtu: '1400' });
    assert.equal(await world.inside('a', 'cat /sys/class/net/eth1/mtu'), '1400');
    assert.doesNotMatch(await ports(), /a-lan/);
    const bridge = (await world.yurt.inNetwork(['ip', '-o', 'link', 'show', network])).stdout;
    assert.match(bridge, / mtu 1500 /);
    await world.yurt.inNetwork(['ip', 'link', 'add', 'taken', 'type', 'bridge']);
    await assert.rejects(
      world.set('a', 'eth1', { type: 'nic', network, host_name: 'taken' }),
      /another link called taken/,
    );
    assert.equal(await world.inside('a', 'cat /sys/class/net/eth1/mtu'), '1400');
    await world.set('a', 'eth1', undefined);
    assert.match((await world.yurt.inNetwork(['ip', '-o', 'link', 'show', 'taken'])).stdout, /taken/);
  });

  it('keeps its link and its addresses when another part of a change fails', async () => {
    const state = () => world.inside('a', "ip -4 address show eth0 | grep -v valid; grep -c '' /proc/net/route");
    const before = await state();
    assert.match(before, / inet 10\./);
    await world.inside('a', 'touch /tmp/file');
    const blocked = { type: 'disk', source: world.host, path: '/tmp/file/below' };
    const proxy = { type: 'proxy', listen: `tcp:127.0.0.1:7001`, connect: 'tcp:127.0.0.1:80' };
    const eth0 = { type: 'nic', network, mtu: '1400' };
    await world.yurt.inNetwork(['ip', 'link', 'add', 'blocked', 'type', 'bridge']);
    for (const [wrong, message] of [
      [{ proxy, blocked }, /Device "blocked".*not a directory/],
      [{ proxy, blocked: { type: 'nic', network, host_name: 'blocked' } }, /another link called blocked/],
      [{ proxy, eth0: { ...eth0, host_name: 'blocked' } }, /another link called blocked/],
    ] as const) {
      await assert.rejects(world.change('a', { eth0, ...wrong }), message);
      assert.equal(await state(), before, String(message));
      assert.deepEqual((await world.instance('a')).devices, {});
    }
    await world.yurt.ok('project', 'set', 'default', 'restricted=true');
    try {
      await assert.rejects(world.change('a', { eth0, proxy }), /forbids device "proxy"/);
    } finally {
      await world.yurt.ok('project', 'unset', 'default', 'restricted');
    }
    assert.equal(await state(), before);
    await world.inside('a', 'rm /tmp/file');
  });

  it('gets the address that it was given, which nobody else gets', async () => {
    const own = await world.inside('a', "ip -4 -o address show eth0 | grep -o '10[.0-9]*' | head -1");
    const [free, other] = [7, 8].map((last) => own.replace(/\d+$/, String(own.endsWith(`.${last}`) ? last + 2 : last)));
    const index = await world.inside('a', 'cat /sys/class/net/eth0/ifindex');
    const given = { type: 'nic', network, 'ipv4.address': free ?? '' };
    await world.set('a', 'eth0', given);
    await world.inside('a', 'udhcpc -i eth0 -n -q -f -t 5 >/dev/null');
    await eventually(async () => {
      assert.equal((await world.yurt.ok('list', 'a', '-f', 'csv', '-c', '4')).trim(), `${free} (eth0)`);
    });
    assert.equal(await world.inside('a', 'cat /sys/class/net/eth0/ifindex'), index);
    const device = (address: string) => `eth0,type=nic,network=${network},ipv4.address=${address}`;
    for (const [address, why] of [
      [free ?? '', /address .* is that of/],
      [own.replace(/\d+$/, '1'), /is not one of/],
      ['192.0.2.7', /is not one of/],
      ['somewhere', /must be an IPv4 address, or none/],
    ] as const) {
      const { stderr, exitCode } = await world.yurt.yurt(['init', 'tiny', 'b', '-d', device(address)]);
      assert.equal(exitCode, 1);
      assert.match(stderr, why);
    }
    await world.yurt.ok('init', 'tiny', 'b', '-d', device(other ?? ''));
    await assert.rejects(world.set('b', 'eth0', given), /is that of instance\/a|is that of a/);
    await assert.rejects(world.set('a', 'eth0', { ...given, 'ipv4.address': other ?? '' }), /is that of instance\/b/);
    await world.yurt.ok('start', 'b');
    await eventually(async () => {
      assert.equal((await world.yurt.ok('list', 'b', '-f', 'csv', '-c', '4')).trim(), `${other} (eth0)`);
    });
    await world.yurt.ok('delete', '--force', 'b');
    await world.set('a', 'eth0', { ...given, 'ipv4.address': 'none' });
    await world.fails('a', 'udhcpc -i eth0 -n -q -f -t 2 -T 1');
    await world.set('a', 'eth0', undefined);
    await world.inside('a', 'udhcpc -i eth0 -n -q -f -t 5 >/dev/null');
  });

  it('keeps its address and its name on the host when its name inside changes', async () => {
    const own = await world.inside('a', "ip -4 -o address show eth0 | grep -o '10[.0-9]*' | head -1");
    const address = own.replace(/\d+$/, own.endsWith('.9') ? '10' : '9');
    const fixed = { type: 'nic', network, 'ipv4.address': address, host_name: 'a-end' };
    await world.set('a', 'eth1', fixed);
    await world.set('a', 'eth1', { ...fixed, name: 'lan9' });
    assert.match(await world.inside('a', 'ls /sys/class/net'), /lan9/);
    await world.inside('a', 'ip link set lan9 up; udhcpc -i lan9 -n -q -f -t 5 >/dev/null');
    const twice = world.set('a', 'eth2', { type: 'nic', network, 'ipv4.address': address });
    await assert.rejects(twice, /is that of device "eth1"/);
    await assert.rejects(
      world.set('a', 'eth2', { ...fixed, 'ipv4.address': 'none' }),
      /host_name a-end is that of device/,
    );
    await world.set('a', 'eth1', undefined);
  });

  it('says what it cannot be', async () => {
    for (const [options, why] of [
      [{ vlan: '5' }, /nic has no option "vlan": .*do not filter by VLAN/],
      [{ parent: 'br0' }, /give network=NAME/],
      [{ 'ipv6.address': 'fd42::7' }, /gives out no IPv6 addresses/],
      [{ 'limits.egress': '10MB' }, /must be a rate/],
      [{ 'limits.max': '1Mbit', 'limits.egress': '1Mbit' }, /stands for limits.egress too/],
      [{ host_name: 'yurt0123456789a' }, /those that yurt makes/],
    ] as const) {
      await assert.rejects(world.set('a', 'eth1', { type: 'nic', network, ...options } as never), why);
    }
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

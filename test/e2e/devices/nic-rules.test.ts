import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { run, runChecked } from '../../../server/host/run.ts';
import { eventually } from '../harness/eventually.ts';
import { DeviceWorld } from './device-world.ts';

const longMs = 15 * 60_000;
/** More than passes at once at the highest rate below, and what is measured after it. */
const bucketBytes = 5_000_000;
const streamBytes = 2_000_000;
const script = join(import.meta.dirname, 'frames.py');

/** An instance as the network sees it. */
interface Guest {
  readonly name: string;
  readonly pid: string;
  readonly hwaddr: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

describe('what a nic lets pass', { timeout: longMs }, () => {
  let world: DeviceWorld;
  let network: string;
  let a: Guest;
  let b: Guest;

  before(async () => {
    world = await DeviceWorld.start();
    network = (await world.yurt.ok('network', 'list', '-f', 'csv')).match(/^(yurtbr\d+),/m)?.[1] ?? '';
    await Promise.all(['a', 'b'].map((name) => world.yurt.ok('launch', 'tiny', name)));
    [a, b] = [await guest('a'), await guest('b')];
  });

  after(async () => await world[Symbol.asyncDispose]());

  async function guest(name: string): Promise<Guest> {
    let row: string[] = [];
    await eventually(async () => {
      row = (await world.yurt.ok('list', name, '-f', 'csv', '-c', 'p46')).trim().split(',');
      assert.match(row.join(), /^\d+,10\S+ \(eth0\),fd\S+ \(eth0\)$/);
    });
    const [pid = '', ipv4 = '', ipv6 = ''] = row.map((cell) => cell.split(' ')[0] ?? '');
    return { name, pid, ipv4, ipv6, hwaddr: await world.inside(name, 'cat /sys/class/net/eth0/address') };
  }

  const within = ({ pid }: Guest) => ['nsenter', `--net=/proc/${pid}/ns/net`, 'python3', script];
  const rules = async (of: Guest, options: Record<string, string>) =>
    await world.set(of.name, 'eth0', { type: 'nic', network, ...options });

  /** Starts a part of the script that says when it is ready. */
  async function ready(argv: readonly string[]) {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'ready');
    return { lines };
  }

  /** Which of the frames that `a` sends reach `b`. */
  async function passes(...names: string[]): Promise<string[]> {
    const { lines } = await ready([...within(b), 'hear', 'eth0', ...names]);
    await runChecked(run, [...within(a), 'send', 'eth0', a.hwaddr, a.ipv4, a.ipv6, ...names]);
    const heard: string[] = [];
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) heard.push(line.value);
    return heard;
  }

  /** Seconds that a stream takes from the one to the other, after all buckets on its way were emptied. */
  async function seconds(from: Guest, to: Guest): Promise<number> {
    const { lines } = await ready([...within(to), 'sink', to.ipv4, '7000', String(bucketBytes)]);
    await runChecked(run, [...within(from), 'pump', to.ipv4, '7000', String(bucketBytes + streamBytes)]);
    return Number((await lines.next()).value);
  }

  const forged4 = ['forged-arp', 'forged-arp-mac', 'odd-arp', 'forged-ipv4', 'dhcp-server', 'from-nobody', 'tagged'];
  const own4 = ['own-arp', 'own-ipv4', 'dhcp-client'];
  const forged6 = ['forged-ipv6', 'router', 'forged-neighbour', 'hidden-neighbour'];
  const own6 = ['own-ipv6', 'own-neighbour', 'solicitation'];

  it('is everything, unless it is told', async () => {
    const all = ['own-kind', 'forged-mac', ...own4, ...forged4, ...own6, ...forged6];
    assert.deepEqual(await passes(...all), all);
  });

  it('comes from its MAC address only with security.mac_filtering, at once', async () => {
    const index = await world.inside('a', 'cat /sys/class/net/eth0/ifindex');
    await rules(a, { 'security.mac_filtering': 'true' });
    assert.deepEqual(await passes('own-kind', 'forged-mac', 'own-ipv4', 'forged-arp-mac', 'forged-ipv4'), [
      'own-kind',
      'own-ipv4',
      'forged-ipv4',
    ]);
    assert.equal(await world.inside('a', 'cat /sys/class/net/eth0/ifindex'), index);
    await rules(a, {});
    assert.deepEqual(await passes('forged-mac'), ['forged-mac']);
    assert.equal(await world.inside('a', 'cat /sys/class/net/eth0/ifindex'), index);
  });

  it('comes from its IPv4 address only with security.ipv4_filtering', async () => {
    await rules(a, { 'security.ipv4_filtering': 'true' });
    assert.deepEqual(await passes('own-kind', 'forged-mac', ...own4, ...forged4, ...own6), [...own4, ...own6]);
    await world.inside('a', `ping -c 1 -W 3 ${b.ipv4}`);
    await world.inside('a', 'udhcpc -i eth0 -n -q -f -t 5 >/dev/null');
  });

  it('comes from its IPv6 addresses only with security.ipv6_filtering', async () => {
    await rules(a, { 'security.ipv6_filtering': 'true' });
    assert.deepEqual(await passes('forged-mac', ...own6, ...forged6, 'own-ipv4', 'tagged'), [...own6, 'own-ipv4']);
    await world.inside('a', `ping -c 1 -W 3 ${b.ipv6}`);
  });

  it('is nothing of a family that it has no address of', async () => {
    await rules(a, { 'security.ipv4_filtering': 'true', 'ipv6.address': 'none', 'security.ipv6_filtering': 'true' });
    assert.deepEqual(await passes(...own4, ...own6), own4);
    await rules(a, {});
  });

  it('stays so when the server is killed, and is so from the first packet of the next start', async () => {
    await rules(a, { 'security.mac_filtering': 'true' });
    await world.yurt.signal('SIGKILL');
    await world.yurt.up();
    assert.deepEqual(await passes('own-kind', 'forged-mac'), ['own-kind']);
    await world.yurt.ok('restart', '--force', 'a');
    a = await guest('a');
    assert.deepEqual(await passes('own-kind', 'forged-mac'), ['own-kind']);
    await rules(a, {});
    assert.equal(await tables(), '');
  });

  it('is less with limits.egress and limits.ingress, each in its direction, in proportion', async () => {
    for (const [option, from, to] of [
      ['limits.ingress', b, a],
      ['limits.egress', a, b],
    ] as const) {
      await rules(a, { [option]: '8Mbit' });
      const slow = await seconds(from, to);
      const back = await seconds(to, from);
      await rules(a, { [option]: '32Mbit' });
      const faster = await seconds(from, to);
      await rules(a, {});
      const free = await seconds(from, to);
      const told = `${option}: ${slow} s, ${faster} s, back ${back} s, free ${free} s`;
      assert.ok(slow / faster > 2 && slow / faster < 16, told);
      assert.ok(faster / free > 2 && slow / back > 3, told);
    }
  });

  it('has the priority of limits.priority in queues of the host', async () => {
    const nft = async (...words: string[]) =>
      (await runChecked(run, world.yurt.entering(['nft', ...words.join(' ').split(' ')]))).stdout;
    await nft(
      'add table bridge probe { chain forward { type filter hook forward priority 0; meta priority 0:7 counter; }; }',
    );
    const counted = async () => Number(/counter packets (\d+)/.exec(await nft('list table bridge probe'))?.[1]);
    await world.inside('a', `ping -c 1 -W 3 ${b.ipv4}`);
    assert.equal(await counted(), 0);
    await rules(a, { 'limits.priority': '7' });
    await world.inside('a', `ping -c 1 -W 3 ${b.ipv4}`);
    assert.ok((await counted()) > 0);
    await rules(a, {});
    await nft('delete table bridge probe');
  });

  it('is nothing between isolated nics, and all else', async () => {
    await rules(a, { 'security.port_isolation': 'true' });
    await world.inside('a', `ping -c 1 -W 3 ${b.ipv4}`);
    await rules(b, { 'security.port_isolation': 'true' });
    await world.fails('a', `ping -c 1 -W 1 ${b.ipv4}`);
    await world.inside('a', `ping -c 1 -W 3 ${b.ipv4.replace(/\d+$/, '1')}`);
    await rules(b, {});
    await world.inside('a', `ping -c 1 -W 3 ${b.ipv4}`);
    await rules(a, {});
  });

  it('leaves nothing behind when the instances are gone', async () => {
    await rules(a, { 'security.ipv4_filtering': 'true', 'limits.max': '10Mbit' });
    assert.match(await tables(), /^table netdev yurt_nic_/);
    await world.yurt.ok('stop', '--force', 'a');
    assert.equal(await tables(), '');
  });

  async function tables(): Promise<string> {
    return (await world.yurt.inNetwork(['nft', 'list', 'tables', 'netdev'])).stdout;
  }
});

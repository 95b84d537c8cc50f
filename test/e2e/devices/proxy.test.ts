import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../harness/eventually.ts';
import { DeviceWorld } from './device-world.ts';

const longMs = 15 * 60_000;
const peer = join(import.meta.dirname, 'peer.ts');

describe('a proxy', { timeout: longMs }, () => {
  let world: DeviceWorld;
  const servers: ChildProcess[] = [];

  before(async () => {
    world = await DeviceWorld.start();
    const web = 'web,type=proxy,listen=tcp:127.0.0.1:8080,connect=tcp:127.0.0.1:80';
    await world.yurt.ok('launch', 'tiny', 'a', '-d', web);
    await serve(await pid(), 'hello', 'tcp:0.0.0.0:80');
  });

  after(async () => {
    for (const server of servers) server.kill('SIGKILL');
    await world[Symbol.asyncDispose]();
  });

  const pid = async () => (await world.yurt.ok('list', 'a', '-f', 'csv', '-c', 'p')).trim();
  const start = async (process_: string, ...args: string[]) => {
    const server = spawn('nsenter', [`--net=/proc/${process_}/ns/net`, process.execPath, peer, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    servers.push(server);
    await once(server.stdout, 'data');
  };
  /** A server in the network of a process: the instance's init, or yurtd for the host. */
  const serve = (process_: string, text: string, target: string) => start(process_, 'serve', text, target);
  /** What is answered to a line in the network of the host. */
  const ask = async (target: string, line = 'you') =>
    (await world.yurt.inNetwork([process.execPath, peer, 'ask', line, target])).stdout.trim();
  const set = (name: string, options: Record<string, string> | undefined) =>
    world.set('a', name, options === undefined ? undefined : { type: 'proxy', ...options });
  /** Pids of the relays of the instance. */
  const relays = async (): Promise<number[]> => {
    const { uuid } = await world.instance('a');
    const { stdout } = await world.yurt.inNetwork([
      'find',
      '/sys/fs/cgroup',
      '-path',
      `*${uuid}.devices/*/cgroup.procs`,
    ]);
    return stdout
      .split('\n')
      .flatMap((file) => (file === '' ? [] : readFileSync(file, 'utf8').trim().split('\n').map(Number)));
  };

  it('of tcp takes connections of the host to the instance', async () => {
    assert.equal(await ask('tcp:127.0.0.1:8080'), 'hello you');
  });

  it('of a range of ports is plugged in while the instance runs', async () => {
    await serve(await pid(), 'second', 'tcp:127.0.0.1:91');
    await set('range', { listen: 'tcp:127.0.0.1:9000-9001', connect: 'tcp:127.0.0.1:80,91' });
    assert.equal(await ask('tcp:127.0.0.1:9000'), 'hello you');
    assert.equal(await ask('tcp:127.0.0.1:9001'), 'second you');
    await set('range', undefined);
    assert.equal(await ask('tcp:127.0.0.1:9000'), 'ECONNREFUSED');
    assert.equal(await ask('tcp:127.0.0.1:8080'), 'hello you');
  });

  it('closes connections that nobody inside takes', async () => {
    await set('void', { listen: 'tcp:127.0.0.1:9050', connect: 'tcp:127.0.0.1:9' });
    assert.match(await ask('tcp:127.0.0.1:9050'), /^(ECONNRESET|EPIPE)?$/);
    await set('void', undefined);
  });

  it('says who connects when it is asked to', async () => {
    const options = { listen: 'tcp:127.0.0.1:9100', connect: 'tcp:127.0.0.1:80', proxy_protocol: 'true' };
    await set('who', options);
    assert.match(await ask('tcp:127.0.0.1:9100'), /^hello PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ 9100$/);
    await set('who', undefined);
  });

  it('of unix sockets has the owner and permissions that were asked for, and is gone with the device', async () => {
    const path = join(world.host, 'web.sock');
    await set('socket', { listen: `unix:${path}`, connect: 'tcp:127.0.0.1:80', mode: '0600', uid: '12' });
    const status = statSync(path);
    assert.deepEqual([status.isSocket(), status.mode & 0o777, status.uid], [true, 0o600, 12]);
    assert.equal(await ask(`unix:${path}`), 'hello you');
    await set('socket', undefined);
    assert.ok(!existsSync(path));
  });

  it('may listen inside and connect to the host', async () => {
    const path = join(world.host, 'host.sock');
    await serve(String(world.yurt.pid), 'host', `unix:${path}`);
    await set('out', { bind: 'instance', listen: 'unix:/run/out.sock', connect: `unix:${path}`, mode: '0666' });
    assert.equal(await world.inside('a', 'stat -c "%F %a %u" /run/out.sock'), 'socket 666 0');
    assert.equal(await ask(`unix:/proc/${await pid()}/root/run/out.sock`), 'host you');
    await set('in', { bind: 'instance', listen: 'tcp:127.0.0.1:7000', connect: `unix:${path}` });
    assert.equal(await world.inside('a', 'echo me | nc 127.0.0.1 7000'), 'host me');
    await set('out', undefined);
    await set('in', undefined);
    await world.fails('a', 'ls /run/out.sock');
    assert.equal(await ask(`unix:${path}`), 'host you');
  });

  it('of udp takes answers back to whoever asked', async () => {
    await serve(await pid(), 'packet', 'udp:127.0.0.1:53');
    await set('dns', { listen: 'udp:127.0.0.1:5300', connect: 'udp:127.0.0.1:53' });
    const answers = await Promise.all(['one', 'two', 'three'].map((word) => ask('udp:127.0.0.1:5300', word)));
    assert.deepEqual(answers, ['packet one', 'packet two', 'packet three']);
    await set('dns', undefined);
  });

  it('moves much data whole, in both directions at once', async () => {
    await start(await pid(), 'echo', 'tcp:127.0.0.1:7777');
    await set('echo', { listen: 'tcp:127.0.0.1:7777', connect: 'tcp:127.0.0.1:7777' });
    const bytes = '100000000';
    const { stdout } = await world.yurt.inNetwork([process.execPath, peer, 'bulk', bytes, 'tcp:127.0.0.1:7777']);
    assert.equal(stdout.trim(), bytes);
    await set('echo', undefined);
  });

  it('runs without rights, as nobody of the host when it connects inside', async () => {
    const [relay] = await relays();
    const status = readFileSync(`/proc/${relay}/status`, 'utf8');
    assert.match(status, /^CapEff:\t0+$/m);
    assert.match(status, /^CapBnd:\t0+$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.ok(Number(/^Uid:\t(\d+)/m.exec(status)?.[1]) > 65_535);
  });

  it('by nat needs no process', async () => {
    await world.inside('a', 'ip -4 addr show eth0 | grep -q inet || udhcpc -i eth0 -n -q -f -t 5');
    await world.yurt.inNetwork(['ip', 'addr', 'add', '192.0.2.1/32', 'dev', 'lo']);
    const before = await relays();
    const options = { listen: 'tcp:192.0.2.1:8000', connect: 'tcp:0.0.0.0:80', nat: 'true' };
    await set('nat', options);
    assert.equal(await ask('tcp:192.0.2.1:8000'), 'hello you');
    assert.deepEqual(await relays(), before);
    await assert.rejects(set('nat', { ...options, connect: 'tcp:192.0.2.9:80' }), /192.0.2.9 is not an address of the/);
    assert.equal(await ask('tcp:192.0.2.1:8000'), 'hello you');
    await set('nat', undefined);
    assert.doesNotMatch((await world.yurt.inNetwork(['nft', 'list', 'tables'])).stdout, /proxy/);
  });

  it('is refused on a port that is taken, and nothing changes', async () => {
    const options = { type: 'proxy', listen: 'tcp:127.0.0.1:8080', connect: 'tcp:127.0.0.1:80' };
    await assert.rejects(world.set('a', 'again', options), /both want tcp 127.0.0.1 port 8080 of the host/);
    await world.yurt.ok('launch', 'tiny', 'b');
    await assert.rejects(world.set('b', 'web', options), /listening on tcp:127.0.0.1:8080: address already in use/);
    assert.equal(await ask('tcp:127.0.0.1:8080'), 'hello you');
    await world.yurt.ok('delete', '--force', 'b');
  });

  it('is refused when it makes no sense, with the reason', async () => {
    const good = { listen: 'tcp:127.0.0.1:81', connect: 'tcp:127.0.0.1:80' };
    const wrong: [Record<string, string>, RegExp][] = [
      [{ ...good, listen: 'tcp:localhost:81' }, /IP address/],
      [{ ...good, listen: 'tcp:127.0.0.1:0' }, /ports from 1 to 65535/],
      [{ ...good, listen: 'tcp:0.0.0.0:1-60000' }, /at most 1000/],
      [{ ...good, listen: 'sctp:127.0.0.1:1' }, /tcp:ADDRESS:PORTS, udp/],
      [{ ...good, listen: 'unix:relative' }, /absolute path/],
      [{ ...good, listen: 'udp:127.0.0.1:81' }, /packets cannot become a stream/],
      [{ ...good, connect: 'tcp:127.0.0.1:80-82' }, /listen has 1 ports and connect 3/],
      [{ ...good, mode: '0600' }, /mode is for listen=unix:PATH only/],
      [{ ...good, nat: 'true' }, /nat is not for 127/],
      [{ ...good, bind: 'container' }, /must be one of host, instance/],
      [{ ...good, 'security.uid': '70000' }, /security.uid 70000 does not exist in the instance/],
      [{ ...good, lisen: 'x' }, /no option "lisen"; did you mean "listen"/],
    ];
    for (const [options, message] of wrong) await assert.rejects(set('bad', options), message, JSON.stringify(options));
    assert.deepEqual(Object.keys((await world.instance('a')).devices), ['web']);
  });

  it('goes on when the server is killed, and the next server takes it away', async () => {
    await world.yurt.signal('SIGKILL');
    assert.equal(await ask('tcp:127.0.0.1:8080'), 'hello you');
    await world.yurt.up();
    assert.equal((await relays()).length, 1);
    await set('web', undefined);
    assert.equal(await ask('tcp:127.0.0.1:8080'), 'ECONNREFUSED');
    assert.deepEqual(await relays(), []);
  });

  it('that was killed is started again by the next server', async () => {
    await set('web', { listen: 'tcp:127.0.0.1:8080', connect: 'tcp:127.0.0.1:80' });
    const [relay = 0] = await relays();
    await world.yurt.signal('SIGKILL');
    process.kill(relay, 'SIGKILL');
    assert.equal(await ask('tcp:127.0.0.1:8080'), 'ECONNREFUSED');
    await world.yurt.up();
    assert.equal(await ask('tcp:127.0.0.1:8080'), 'hello you');
  });

  it('ends with the instance, also when no server sees it', async () => {
    const init = Number(await pid());
    await world.yurt.signal('SIGKILL');
    process.kill(init, 'SIGKILL');
    await eventually(async () => assert.equal(await ask('tcp:127.0.0.1:8080'), 'ECONNREFUSED'));
    await world.yurt.up();
    await eventually(() => assert.deepEqual(world.runs(), []));
    assert.deepEqual(await relays(), []);
  });
});

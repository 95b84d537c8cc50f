import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from './harness/api.ts';
import { Daemon, projectRoot } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { template } from './harness/template.ts';

const longMs = 4 * 60_000;

describe('exec', () => {
  let yurt: Daemon;
  let api: Api;

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('launch', 'tiny', 't1');
      await yurt.ok('launch', 'tiny', 'small', '-c', 'limits.memory=32MiB', '-c', 'environment.COLOUR=blue');
      api = new Api(yurt);
    },
    { timeout: longMs },
  );

  after(async () => {
    api[Symbol.dispose]();
    await yurt[Symbol.asyncDispose]();
  });

  const sh = (script: string) => ['/bin/sh', '-c', script];

  it('gives stdout, stderr and exit code of the command', async () => {
    const result = await yurt.yurt(['exec', 't1', '--', ...sh('echo out; echo err >&2; exit 42')]);
    assert.deepEqual([result.stdout, result.stderr, result.exitCode], ['out\n', 'err\n', 42]);
  });

  it('says 127 for a missing program, 126 for one that is none, 128 and the signal for one that was killed', async () => {
    const missing = await yurt.yurt(['exec', 't1', '--', 'no-such-program']);
    assert.deepEqual([missing.exitCode, missing.stderr], [127, 'Error: Command not found: "no-such-program"\n']);
    const directory = await yurt.yurt(['exec', 't1', '--', '/etc/passwd']);
    assert.equal(directory.exitCode, 126);
    assert.match(directory.stderr, /^Error: Command not executable: "\/etc\/passwd"/);
    assert.equal((await yurt.yurt(['exec', 't1', '--', ...sh('kill -TERM $$')])).exitCode, 143);
    assert.equal((await yurt.yurt(['exec', 't1', '--', ...sh('kill -KILL $$')])).exitCode, 137);
  });

  it('passes stdin and its end', async () => {
    const input = 'x'.repeat(1_000_000);
    const result = await yurt.yurt(['exec', 't1', '--', 'wc', '-c'], { input });
    assert.equal(result.stdout.trim(), '1000000');
  });

  it('gives the command the signals that its client gets', async () => {
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const) {
      const script = `trap "echo got; exit 9" ${signal.slice(3)}; echo on; while :; do sleep 0.1; done`;
      const client = spawn(join(projectRoot, 'bin/yurt'), ['exec', 't1', '--', ...sh(script)], {
        env: { ...process.env, YURT_DIR: yurt.directory },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let output = '';
      client.stdout.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
      await eventually(() => assert.equal(output, 'on\n'));
      client.kill(signal);
      const end = await Promise.race([once(client, 'close'), sleep(20_000, ['still running'], { ref: false })]);
      client.kill('SIGKILL');
      assert.deepEqual([signal, end[0], output], [signal, 9, 'on\ngot\n']);
    }
  });

  it('has the environment, directory and identity of the field', async () => {
    const environment = (await yurt.ok('exec', 'small', '--env', 'A=b c', '--', 'env')).trim().split('\n').sort();
    for (const entry of ['A=b c', 'COLOUR=blue', 'HOME=/root', 'LANG=C.UTF-8', 'USER=root']) {
      assert.ok(environment.includes(entry), `${entry} in ${environment.join(' ')}`);
    }
    assert.ok(environment.includes('PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'));
    assert.equal((await yurt.ok('exec', 't1', '--', 'pwd')).trim(), '/root');
    assert.equal((await yurt.ok('exec', 't1', '--cwd', '/tmp', '--', 'pwd')).trim(), '/tmp');
    const ids = await yurt.ok('exec', 't1', '--user', '1000', '--group', '1001', '--', ...sh('id -u; id -g; id -G'));
    assert.equal(ids, '1000\n1001\n1001\n');
  });

  it('shows a process the descriptors 0, 1 and 2 only', async () => {
    const listing = await yurt.ok('exec', 't1', '--', ...sh('ls /proc/self/fd | tr "\\n" " "'));
    assert.match(listing.trim(), /^0 1 2( 3)?$/); // 3 is the directory that ls itself reads
    const inherited = await yurt.ok('exec', 't1', '--', ...sh('ls /proc/$$/fd; true'));
    assert.deepEqual(
      inherited
        .trim()
        .split('\n')
        .map(Number)
        .filter((fd) => fd > 2 && fd !== 10),
      [],
    );
  });

  it('does not let a command begin outside of the root', async () => {
    for (let fd = 3; fd <= 20; fd += 1) {
      const result = await yurt.yurt(['exec', 't1', '--cwd', `/proc/self/fd/${fd}`, '--', 'pwd']);
      assert.notEqual(result.exitCode, 0, `--cwd /proc/self/fd/${fd} began in ${result.stdout}`);
    }
  });

  it('keeps the agent out of the reach of the instance', async () => {
    const before = readFileSync(process.execPath).length;
    const write = 'for f in /dev/.yurt/* /dev/.yurt/*/*; do echo x 2>/dev/null >> $f && echo wrote $f; done; true';
    const attempts = [
      write,
      `mount -o remount,rw,bind /dev/.yurt 2>/dev/null; ${write}`,
      `mount -o remount,rw /dev/.yurt 2>/dev/null; ${write}`,
    ];
    for (const attempt of attempts) assert.equal(await yurt.ok('exec', 't1', '--', ...sh(attempt)), '');
    assert.equal(readFileSync(process.execPath).length, before);
  });

  it('works in an instance that has 32 MiB, and its commands are bound by them', { timeout: longMs }, async () => {
    assert.equal(await yurt.ok('exec', 'small', '--', 'echo', 'enough'), 'enough\n');
    const greedy = await yurt.yurt(['exec', 'small', '--', ...sh('dd if=/dev/zero of=/dev/null bs=200M count=1')]);
    assert.notEqual(greedy.exitCode, 0);
    assert.equal(await yurt.ok('exec', 'small', '--', 'echo', 'alive'), 'alive\n');
  });

  it('sets the first size of a terminal before the command runs, 200 times under load', {
    timeout: longMs,
  }, async () => {
    const once = async (index: number) => {
      const size = { columns: 40 + (index % 100), rows: 10 + (index % 50) };
      const { stdout } = await api.run({ instance: 't1', command: ['stty', 'size'], terminal: true, size });
      assert.equal(stdout.toString().trim(), `${size.rows} ${size.columns}`);
    };
    for (let batch = 0; batch < 10; batch += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => once(batch * 20 + index)));
    }
  });

  it('loses nothing of 20 kB through a terminal of a command that ends at once, 100 at a time', {
    timeout: longMs,
  }, async () => {
    const command = sh('head -c 20000 /dev/zero | tr "\\0" x');
    const runs = Array.from({ length: 100 }, () => api.run({ instance: 't1', command, terminal: true }));
    for (const { stdout, code } of await Promise.all(runs)) {
      assert.equal(code, 0);
      assert.equal(stdout.length, 20_000);
    }
  });

  it('passes stdout on while nobody reads stderr', { timeout: longMs }, async () => {
    const call = api.exec.Exec();
    const script = 'head -c 4000000 /dev/zero >&2 & head -c 4000000 /dev/zero; echo done';
    call.write({ start: { instance: 't1', command: sh(script), windowed: true } });
    call.write({ window: { channel: 'EXEC_CHANNEL_STDERR', bytes: 1000 } });
    let received = 0;
    let stderr = 0;
    call.write({ window: { channel: 'EXEC_CHANNEL_STDOUT', bytes: 100_000 } });
    call.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      call.on('data', (response) => {
        if (response.stderr) stderr += response.stderr.length;
        if (!response.stdout) return;
        received += response.stdout.length;
        call.write({ window: { channel: 'EXEC_CHANNEL_STDOUT', bytes: response.stdout.length } });
        if (received === 4_000_005) resolve();
      });
      call.on('end', () => reject(new Error(`ended after ${received} bytes`)));
    });
    assert.ok(stderr <= 1000, `${stderr} bytes of stderr for 1000 granted`);
    call.cancel();
  });

  it('lets a slow client slow the process down, in bounded memory', { timeout: longMs }, async () => {
    const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${yurt.pid}/status`, 'utf8'))?.[1]);
    const before = memory();
    const call = api.exec.Exec();
    call.on('error', () => {});
    call.write({ start: { instance: 't1', command: sh('echo $$; exec cat /dev/zero') } });
    await new Promise<void>((resolve) => call.once('data', () => resolve()));
    call.pause();
    const pid = (await yurt.ok('exec', 't1', '--', 'pidof', 'cat')).trim();
    const written = async () =>
      Number(/wchar: (\d+)/.exec(await yurt.ok('exec', 't1', '--', 'cat', `/proc/${pid}/io`))?.[1]);
    await eventually(async () => {
      const [first, second] = [await written(), await written()];
      assert.equal(first, second);
    });
    assert.ok((await written()) < 20_000_000);
    assert.ok(memory() - before < 64 * 1024, `yurtd grew by ${memory() - before} kB`);
    call.cancel();
  });

  it('kills the command of a client that vanishes', { timeout: longMs }, async () => {
    const call = api.exec.Exec();
    call.on('error', () => {});
    call.write({ start: { instance: 't1', command: sh('sleep 4711 & sleep 4712; wait') } });
    await eventually(async () => await yurt.ok('exec', 't1', '--', 'pidof', 'sleep'));
    call.cancel();
    await eventually(async () => {
      const { exitCode } = await yurt.yurt(['exec', 't1', '--', 'pidof', 'sleep']);
      assert.notEqual(exitCode, 0);
    });
  });

  it('runs 100 commands at once', { timeout: longMs }, async () => {
    const runs = Array.from({ length: 100 }, (_, index) =>
      api.run({ instance: 't1', command: sh(`cat; echo ${index}`) }, `input ${index} `),
    );
    for (const [index, { stdout }] of (await Promise.all(runs)).entries()) {
      assert.equal(stdout.toString(), `input ${index} ${index}\n`);
    }
  });

  it('comes back after the agent has left', { timeout: longMs }, async () => {
    await yurt.ok('launch', 'tiny', 'idle', '-c', 'agent.idle_timeout=1');
    await yurt.ok('exec', 'idle', '--', 'true');
    const pid = (await yurt.ok('list', 'idle', '-f', 'csv', '-c', 'p')).trim();
    const processes = async () => (await yurt.inNetwork(['nsenter', '-t', pid, '-p', '-m', '/bin/ps'])).stdout;
    await eventually(async () => assert.ok(!(await processes()).includes('agent.cjs')));
    assert.equal(await yurt.ok('exec', 'idle', '--', 'echo', 'back'), 'back\n');
  });

  it('is refused for an instance that does not run, or does not exist', async () => {
    await yurt.ok('init', 'tiny', 'off');
    const off = await yurt.yurt(['exec', 'off', '--', 'true']);
    assert.deepEqual([off.exitCode, off.stderr], [1, 'Error: Instance "off" is not running\n']);
    const missing = await yurt.yurt(['exec', 'nobody', '--', 'true']);
    assert.deepEqual([missing.exitCode, missing.stderr], [1, 'Error: Instance "nobody" does not exist\n']);
  });
});

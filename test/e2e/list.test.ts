import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Daemon } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { template } from './harness/template.ts';

const longMs = 4 * 60_000;

describe('yurt list', () => {
  let yurt: Daemon;
  const names = async (...args: string[]) =>
    (await yurt.ok('list', '-c', 'n', '-f', 'csv', ...args)).split('\n').filter(Boolean);

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('launch', 'tiny', 'web2', '-c', 'user.role=front', '-c', 'limits.memory=64MiB');
      await yurt.ok('launch', 'tiny', 'web10', '-c', 'user.role=back');
      await yurt.ok('init', 'tiny', 'db', '--description', 'kept');
      for (const name of ['web2', 'web10']) await yurt.ok('wait', name, 'ipv4', '--timeout', '60');
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  it('shows every column of a running and of a stopped instance', async () => {
    const all = 'nsd46tSabcDefFlmMNpPu';
    const rows = (await yurt.ok('list', '-c', all, '-f', 'csv,header', 'web2', 'db')).trim();
    assert.match(rows, /^NAME,STATE,DESCRIPTION,IPV4,IPV6,TYPE,SNAPSHOTS,ARCHITECTURE,STORAGE POOL,/);
    const cells = async (name: string) => {
      const row = (await yurt.ok('list', '-c', all, '-f', 'csv', `^${name}$`)).trim().split(',');
      return Object.fromEntries([...all].map((letter, index) => [letter, row[index] ?? '']));
    };
    const running = await cells('web2');
    for (const letter of 'nstSabcDefFlmMNpPu4') assert.notEqual(running[letter], '', letter);
    assert.match(running['p'] ?? '', /^\d+$/);
    assert.match(running['m'] ?? '', /^[\d.]+(B|KiB|MiB)$/);
    assert.match(running['M'] ?? '', /^[\d.]+%$/);
    assert.match(running['D'] ?? '', /^[\d.]+(B|KiB|MiB)$/);
    const stopped = await cells('db');
    await yurt.ok('file', 'push', import.meta.filename, 'db/root/note');
    const { D: disk = '' } = await cells('db');
    assert.match(disk, /^[\d.]+(B|KiB)$/);
    assert.match(await yurt.ok('info', 'db'), /Resources:\n {2}Disk usage:\n {4}root: /);
    assert.deepEqual(
      ['s', 'd', 'p', 'm', 'N', '4'].map((letter) => stopped[letter]),
      ['STOPPED', 'kept', '', '', '', ''],
    );
  });

  it('orders names as people do, and filters them', async () => {
    assert.deepEqual(await names(), ['db', 'web2', 'web10']);
    assert.deepEqual(await names('web'), ['web2', 'web10']);
    assert.deepEqual(await names('.*0'), ['web10']);
    assert.deepEqual(await names('status=stopped'), ['db']);
    assert.deepEqual(await names('u.role=f.*'), ['web2']);
    assert.deepEqual(await names('u.role=front', 'web10'), []);
    assert.deepEqual(await names('ipv4=10.0.0.0/8,192.168.0.0/16'), ['web2', 'web10']);
    assert.deepEqual(await names('volatile.base_image=.*'), ['db', 'web2', 'web10']);
  });

  it('refuses filters and columns by keys that no instance can have', async () => {
    for (const [args, message] of [
      [['limits.memroy=64MiB'], /Unknown configuration key "limits.memroy"; did you mean "limits.memory"\?/],
      [['-c', 'n,limits.memroy'], /did you mean "limits.memory"\?/],
      [['statsu=running'], /Unknown filter "statsu"; did you mean "status"\?/],
    ] as const) {
      const result = await yurt.yurt(['list', ...args]);
      assert.equal(result.exitCode, 1);
      assert.match(result.stderr, message);
    }
    assert.deepEqual(await names('user.nothing=x'), []);
  });

  it('shows keys of configuration and devices', async () => {
    const text = await yurt.ok(
      'list',
      '-f',
      'csv,header',
      '-c',
      'n,limits.memory:LIMIT,user.role::2,devices:root.pool',
      'web',
    );
    assert.equal(text, 'NAME,LIMIT,user.role,root.pool\nweb2,64MiB,fr,default\nweb10,,ba,default\n');
  });

  it('prints what a program can read', async () => {
    const [first] = JSON.parse(await yurt.ok('list', '-f', 'json', 'web2'));
    assert.deepEqual(
      [first.name, first.status, first.expanded_config['limits.memory'], first.expanded_devices.root.pool],
      ['web2', 'Running', '64MiB', 'default'],
    );
    assert.ok(first.state.pid > 1);
    assert.ok(first.state.memory.usage > 0);
    assert.equal(first.state.network.eth0.addresses[0].family, 'inet');
    assert.match(
      await yurt.ok('list', '-f', 'markdown', '-c', 'ns', 'db'),
      /^\| NAME \| STATE \|\n\| --- \| --- \|\n\| db \| STOPPED \|\n$/,
    );
  });

  it('is right about an instance that was started again', async () => {
    const pid = async () => await yurt.ok('list', '-c', 'p', '-f', 'csv', 'web10');
    const before = await pid();
    await yurt.ok('restart', 'web10', '--force');
    await eventually(async () => {
      const now = (await pid()).trim();
      assert.match(now, /^\d+$/);
      assert.notEqual(now, before.trim());
    });
  });
});

describe('what the command line remembers', () => {
  it('is aliases, which stand for other words', async () => {
    await using yurt = await Daemon.start(await template('tiny'));
    const settings = mkdtempSync(join(tmpdir(), 'yurt-conf-'));
    try {
      const ok = async (...args: string[]) => {
        const { exitCode, stdout, stderr } = await yurt.yurt(args, { env: { YURT_CONF: settings } });
        assert.equal(exitCode, 0, stderr);
        return stdout;
      };
      await ok('alias', 'add', 'names', 'list -f csv -c n');
      await ok('alias', 'add', 'run in', 'exec @ARG1@ -- @ARGS@');
      await ok('launch', 'tiny', 'web');
      assert.equal(await ok('names'), 'web\n');
      await ok('alias', 'rename', 'names', 'n');
      assert.equal(await ok('n', '^web$'), 'web\n');
      assert.equal(await ok('alias', 'list', '-f', 'csv'), 'n,list -f csv -c n\nrun in,exec @ARG1@ -- @ARGS@\n');
      await ok('alias', 'remove', 'n');
      const { exitCode, stderr } = await yurt.yurt(['n'], { env: { YURT_CONF: settings } });
      assert.equal(exitCode, 1);
      assert.match(stderr, /unknown command "n"/);
    } finally {
      rmSync(settings, { recursive: true });
    }
  });
});

describe('yurt wait', () => {
  it('ends when the instance is as it should be, by events alone', { timeout: longMs }, async () => {
    await using yurt = await Daemon.start(await template('tiny'));
    await yurt.ok('init', 'tiny', 'web');
    await yurt.ok('wait', 'web', 'stopped');
    const waits = ['running', 'ready', 'ipv4', 'status=running'].map((condition) => yurt.ok('wait', 'web', condition));
    await yurt.ok('start', 'web');
    await Promise.all(waits);
    const frozen = yurt.ok('wait', 'web', 'frozen');
    await yurt.ok('pause', 'web');
    await frozen;
    const late = await yurt.yurt(['wait', 'web', 'stopped', '--timeout', '0.3']);
    assert.equal(late.exitCode, 1);
    assert.match(late.stderr, /Instance "web" did not get "stopped" within 0.3 seconds/);
    assert.match((await yurt.yurt(['wait', 'none', 'running'])).stderr, /Instance "none" does not exist/);
    assert.match((await yurt.yurt(['wait', 'web', 'runing'])).stderr, /did you mean "running"\?/);
  });
});

describe('yurt query', () => {
  it('calls any method of the API by name', async () => {
    await using yurt = await Daemon.start(await template('tiny'));
    const answer = JSON.parse(
      await yurt.ok('query', 'yurt.v1.InstanceService/ListInstances', '-d', '{"withoutState": true}'),
    );
    assert.deepEqual(answer, { instances: [] });
    const [first] = (await yurt.ok('query', 'ServerService/GetServer')).split('\n');
    assert.equal(first, '{');
    for (const [args, message] of [
      [['InstanceService/ListInstance'], /did you mean "yurt.v1.InstanceService\/ListInstances"\?/],
      [['InstanceService/GetInstance', '-d', '{"nmae": "x"}'], /there is no field "nmae"; there are name, project/],
      [['InstanceService/GetInstance', '-d', '{'], /The request is not JSON/],
      [['InstanceService/GetInstance', '-d', '{"name": "x"}'], /Instance "x" does not exist/],
      [['ExecService/Exec'], /takes a stream of requests/],
    ] as const) {
      const result = await yurt.yurt(['query', ...args]);
      assert.equal(result.exitCode, 1);
      assert.match(result.stderr, message);
    }
  });
});

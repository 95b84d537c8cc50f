import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Daemon, projectRoot } from '../harness/daemon.ts';
import { eventually } from '../harness/eventually.ts';
import { RemoteUser } from '../harness/remote-user.ts';
import { template } from '../harness/template.ts';

const longMs = 4 * 60_000;

describe('a server on the network', { timeout: longMs }, () => {
  let home: Daemon;
  let far: Daemon;
  let user: RemoteUser;

  before(
    async () => {
      home = await Daemon.start(await template('tiny'));
      far = await Daemon.start(await template('tiny'));
      await home.joinWith(far);
      user = new RemoteUser(home);
    },
    { timeout: longMs },
  );

  after(async () => {
    await far[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  it('listens when its configuration says so, without a restart, and where it can', async () => {
    assert.match((await far.yurt(['config', 'trust', 'add', 'x'])).stderr, /does not listen on the network/);
    await far.ok('config', 'set', 'core.https_address=127.0.0.1:8443');
    const before = readFileSync(join(far.directory, 'state/server.crt'), 'utf8');
    const wrong = await far.yurt(['config', 'set', 'core.https_address=10.99.0.1:8443']);
    assert.deepEqual(
      [wrong.exitCode, wrong.stderr],
      [1, 'Error: Cannot listen on 10.99.0.1:8443: this host does not have the address\n'],
    );
    assert.equal((await far.ok('config', 'get', 'core.https_address')).trim(), '127.0.0.1:8443');
    for (const address of [':8443', '10.77.0.2:8443', '10.77.0.2:9000', ':8443']) {
      await far.ok('config', 'set', `core.https_address=${address}`);
    }
    assert.equal(statSync(join(far.directory, 'state/server.key')).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(far.directory, 'state/server.crt'), 'utf8'), before);
    assert.match(
      await far.ok('info'),
      /addresses:\n\s+- 10\.77\.0\.2:8443\n(.*\n)*\s+certificate_fingerprint: [0-9a-f]{64}/,
    );
  });

  it('is added by a token, and nothing else needs to be typed', async () => {
    const token = (await far.ok('config', 'trust', 'add', 'laptop')).trim();
    assert.match(await far.ok('config', 'trust', 'list-tokens', '-f', 'csv'), /^laptop,no,20/);
    assert.equal(await user.ok('remote', 'add', 'far', token), 'Remote far added: https://10.77.0.2:8443\n');
    assert.equal(await far.ok('config', 'trust', 'list-tokens', '-f', 'csv'), '');
    assert.match(await far.ok('config', 'trust', 'list', '-f', 'csv'), /^laptop,client,[0-9a-f]{12},no,never$/m);
    assert.equal(statSync(join(user.settings, 'client.key')).mode & 0o777, 0o600);
    const again = await user.yurt(['remote', 'add', 'other', token]);
    assert.equal(again.exitCode, 0, 'who is trusted already needs no token');
    await user.ok('remote', 'remove', 'other');
    using thief = new RemoteUser(home);
    assert.match((await thief.yurt(['remote', 'add', 'far', token])).stderr, /The token is not known here/);
  });

  it('launches, lists, executes and takes files, as a local one does', async () => {
    assert.equal(await user.ok('launch', 'tiny', 'far:web', '-q'), '');
    assert.equal(await user.ok('list', 'far:', '-c', 'ns', '-f', 'csv'), 'web,RUNNING\n');
    assert.equal(await user.ok('list', '-c', 'ns', '-f', 'csv'), '');
    const result = await user.yurt(['exec', 'far:web', '--', 'sh', '-c', 'cat; echo err >&2; exit 7'], { input: 'in' });
    assert.deepEqual([result.exitCode, result.stdout, result.stderr], [7, 'in', 'err\n']);
    const file = join(user.settings, 'payload');
    const payload = Buffer.alloc(3_000_000, 'payload of some length\n');
    writeFileSync(file, payload);
    await user.ok('file', 'push', '-q', file, 'far:web/root/payload');
    await user.ok('file', 'pull', '-q', 'far:web/root/payload', `${file}.back`);
    assert.ok(readFileSync(`${file}.back`).equals(payload));
    assert.match(await user.ok('config', 'show', 'far:'), /core\.https_address: :8443/);
  });

  it('gives a command a terminal', async () => {
    const { spawn: spawnTerminal } = await import('node-pty');
    const [program = '', ...args] = home.entering([join(projectRoot, 'bin/yurt'), 'exec', 'far:web', '--', 'sh']);
    const child = spawnTerminal(program, args, { cols: 101, rows: 33, env: { ...process.env, ...user.env } });
    let output = '';
    child.onData((data) => (output += data));
    child.write('stty size; exit 5\r');
    const code = await new Promise((resolve) => child.onExit(({ exitCode }) => resolve(exitCode)));
    assert.match(output, /33 101/);
    assert.equal(code, 5);
  });

  it('is the one that commands are for after a switch, or when the environment says so', async () => {
    assert.equal((await user.yurt(['list', '-c', 'n', '-f', 'csv'], { env: { YURT_REMOTE: 'far' } })).stdout, 'web\n');
    await user.ok('remote', 'switch', 'far');
    assert.equal(await user.ok('remote', 'get-default'), 'far\n');
    assert.equal(await user.ok('list', '-c', 'n', '-f', 'csv'), 'web\n');
    assert.equal(await user.ok('list', '--force-local', '-c', 'n', '-f', 'csv'), '');
    assert.match((await user.yurt(['remote', 'remove', 'far'])).stderr, /is the default one/);
    await user.ok('remote', 'rename', 'far', 'away');
    assert.equal(await user.ok('list', 'away:', '-c', 'n', '-f', 'csv'), 'web\n');
    await user.ok('remote', 'rename', 'away', 'far');
    await user.ok('remote', 'switch', 'local');
    assert.match((await user.yurt(['list', 'nowhere:'])).stderr, /The remote "nowhere" does not exist/);
  });

  it('is added by its address after a look at its fingerprint', async () => {
    using other = new RemoteUser(home);
    const refused = await other.yurt(['remote', 'add', 'far', '10.77.0.2'], { input: 'n\n' });
    assert.match(refused.stderr, /Certificate fingerprint: [0-9a-f]{64}\n.*not accepted/);
    const [, fingerprint = ''] = /certificate_fingerprint: (\w+)/.exec(await far.ok('info')) ?? [];
    const unknown = await other.yurt(['remote', 'add', 'far', '10.77.0.2'], { input: `${fingerprint}\n` });
    assert.match(unknown.stderr, /does not trust this client: make a token there/);
    const certificate = join(other.settings, 'mine.crt');
    writeFileSync(certificate, await other.ok('remote', 'get-client-certificate'));
    await far.ok('config', 'trust', 'add-certificate', certificate);
    await other.ok('remote', 'add', 'far', '10.77.0.2', '--accept-certificate');
    assert.equal(await other.ok('list', 'far:', '-c', 'n', '-f', 'csv'), 'web\n');
    await far.ok('config', 'trust', 'remove', 'mine');
    assert.match((await other.yurt(['list', 'far:'])).stderr, /does not trust this client/);
  });

  it('is refused when it shows another certificate than it did', async () => {
    writeFileSync(
      join(user.settings, 'servercerts/far.crt.kept'),
      readFileSync(join(user.settings, 'servercerts/far.crt')),
    );
    writeFileSync(join(user.settings, 'servercerts/far.crt'), readFileSync(join(user.settings, 'client.crt')));
    assert.match((await user.yurt(['list', 'far:'])).stderr, /shows another certificate than the one that was trusted/);
    writeFileSync(
      join(user.settings, 'servercerts/far.crt'),
      readFileSync(join(user.settings, 'servercerts/far.crt.kept')),
    );
    assert.equal(await user.ok('list', 'far:', '-c', 'n', '-f', 'csv'), 'web\n');
  });

  it('ends what a client does within a second when it is trusted no more, the command inside included', async () => {
    using guest = new RemoteUser(home);
    await guest.join(far, 'far');
    const [program = '', ...args] = home.entering([
      ...[join(projectRoot, 'bin/yurt'), 'exec', 'far:web', '--'],
      ...['sh', '-c', 'echo $$ > /tmp/guest; while :; do echo tick; sleep 0.1; done'],
    ]);
    const child = spawn(program, args, { env: { ...process.env, ...guest.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    await eventually(async () => assert.match(output, /tick/));
    const pid = (await far.ok('exec', 'web', '--', 'cat', '/tmp/guest')).trim();
    const exited = once(child, 'exit');
    await far.ok('config', 'trust', 'remove', guest.nameOn('far'));
    const removed = performance.now();
    await exited;
    const tookMs = performance.now() - removed;
    assert.ok(tookMs < 1000, `${tookMs} ms`);
    assert.notEqual(child.exitCode, 0);
    await eventually(async () => {
      assert.notEqual((await far.yurt(['exec', 'web', '--', 'test', '-d', `/proc/${pid}`])).exitCode, 0);
    });
    assert.match((await guest.yurt(['list', 'far:'])).stderr, /does not trust this client/);
  });

  it('is not stopped by a client that sees one project, and says why', async () => {
    await far.ok('project', 'create', 'team');
    using guest = new RemoteUser(home);
    await guest.join(far, 'far', '--restricted', '--projects', 'team');
    const { exitCode, stderr } = await guest.yurt(['shutdown', 'far:']);
    assert.equal(exitCode, 1);
    assert.match(stderr, /ServerService\/Shutdown: it needs the permission "admin" for the server/);
    await far.ok('config', 'trust', 'remove', guest.nameOn('far'));
    await far.ok('project', 'delete', 'team');
  });

  it('tells who did what, from where, and what came of it', async () => {
    const [program = '', ...args] = [join(projectRoot, 'bin/yurt'), 'monitor', '--type', 'audit', '--pretty'];
    const child = spawn(program, args, { env: { ...process.env, YURT_DIR: far.directory } });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    await eventually(async () => {
      await user.ok('exec', 'far:web', '--', 'true');
      assert.match(output, /audit client laptop at 10\.77\.0\.1:\d+: yurt\.v1\.ExecService\/Exec: ok/);
    });
    await user.yurt(['start', 'far:none']);
    await far.yurt(['config', 'set', 'user.a=b']);
    await eventually(() => assert.match(output, /audit unix:uid=0,.*UpdateServerConfig: ok/));
    assert.match(
      output,
      /audit client laptop at 10\.77\.0\.1:\d+: yurt\.v1\.InstanceService\/StartInstance: not-found/,
    );
    child.kill();
  });

  it('says plainly that it cannot be reached', async () => {
    await far.ok('config', 'unset', 'core.https_address');
    assert.match((await user.yurt(['list', 'far:'])).stderr, /Cannot reach 10\.77\.0\.2:8443: nobody listens there/);
    await far.ok('config', 'set', 'core.https_address=:8443');
    assert.equal(await user.ok('list', 'far:', '-c', 'n', '-f', 'csv'), 'web\n');
  });

  it('listens again after a restart, and knows its clients', async () => {
    await far.signal('SIGKILL');
    await far.up();
    await eventually(async () => assert.equal(await user.ok('list', 'far:', '-c', 'n', '-f', 'csv'), 'web\n'));
  });
});

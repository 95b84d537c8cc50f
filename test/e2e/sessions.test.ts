import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { maxKeptSessions } from '../../proto/agent/sessions.ts';
import type { ExecResponse__Output } from '../../proto/gen/yurt/v1/ExecResponse.ts';
import { Api } from './harness/api.ts';
import { Daemon, projectRoot } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { template } from './harness/template.ts';

const longMs = 4 * 60_000;
const sh = (script: string) => ['/bin/sh', '-c', script];
/** Counts at once, and on when somebody has made /tmp/go. */
const counter =
  'for i in $(seq 1 500); do echo $i; done; until [ -e /tmp/go ]; do sleep 0.1; done; seq 501 1000; exit 6';
const thousand = Array.from({ length: 1000 }, (_, index) => `${index + 1}\n`).join('');

describe('sessions', { timeout: longMs }, () => {
  let yurt: Daemon;

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('launch', 'tiny', 't1', '-c', 'agent.idle_timeout=1');
      await yurt.ok('launch', 'tiny', 't2');
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  async function detach(command: readonly string[], instance = 't1', ...options: string[]): Promise<string> {
    const id = (await yurt.ok('exec', '--detach', ...options, instance, '--', ...command)).trim();
    assert.match(id, /^[0-9a-f]{8}$/);
    return id;
  }

  const attach = (id: string, ...options: string[]) => yurt.yurt(['attach', ...options, id]);
  const states = async () =>
    Object.fromEntries(
      (JSON.parse(await yurt.ok('session', 'list', '-f', 'json')) as { id: string; status: string }[]).map(
        ({ id, status }) => [id, status],
      ),
    );

  /** A client of its own process, that a test can kill. */
  function client(...args: string[]): { readonly child: ChildProcess; output: () => string } {
    const child = spawn(join(projectRoot, 'bin/yurt'), args, {
      env: { ...process.env, YURT_DIR: yurt.directory },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (text += data));
    return { child, output: () => text };
  }

  it('give both outputs and the exit code to whoever attaches, also after their end, and again', async () => {
    const id = await detach(sh('echo out; echo err >&2; exit 42'));
    for (let count = 0; count < 2; count += 1) {
      const { stdout, stderr, exitCode } = await attach(id);
      assert.deepEqual([stdout, stderr, exitCode], ['out\n', 'err\n', 42]);
    }
    assert.equal((await states())[id], 'ended');
    await yurt.ok('session', 'delete', id);
    const gone = await attach(id);
    assert.deepEqual([gone.exitCode, gone.stderr], [1, `Error: Session "${id}" does not exist\n`]);
  });

  it('say at once that a command cannot be executed, and leave nothing', async () => {
    const { exitCode, stdout, stderr } = await yurt.yurt(['exec', '--detach', 't1', '--', 'no-such-program']);
    assert.deepEqual([exitCode, stdout, stderr], [127, '', 'Error: Command not found: "no-such-program"\n']);
    const nowhere = await yurt.yurt(['exec', '--detach', '--cwd', '/nowhere', 't1', '--', 'true']);
    assert.equal(nowhere.exitCode, 1);
    assert.deepEqual(await states(), {});
  });

  it('take stdin, keep it open for the next who attaches, and have none when asked so', async () => {
    const id = await detach(['cat']);
    const { child, output } = client('attach', id);
    child.stdin?.write('one\n');
    await eventually(() => assert.match(output(), /one/));
    child.kill('SIGKILL');
    const second = await yurt.yurt(['attach', id], { input: 'two\n' });
    assert.deepEqual([second.stdout, second.exitCode], ['one\ntwo\n', 0]);
    const empty = await detach(['cat'], 't1', '-n');
    assert.deepEqual((await attach(empty, '-n')).exitCode, 0);
  });

  it('outlive the client that is attached, and lose nothing', async () => {
    const id = await detach(sh(`rm -f /tmp/go; ${counter}`));
    const { child, output } = client('attach', '-n', id);
    await eventually(() => assert.match(output(), /^500$/m));
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    await yurt.ok('exec', 't1', '--', 'touch', '/tmp/go');
    const { stdout, exitCode } = await attach(id, '-n');
    assert.deepEqual([stdout, exitCode], [thousand, 6]);
  });

  it('outlive a server that is killed, with a client attached and without, and its successors find them', async () => {
    const id = await detach(sh(`rm -f /tmp/go; ${counter}`));
    const { child, output } = client('attach', '-n', id);
    await eventually(() => assert.match(output(), /^500$/m));
    const exited = once(child, 'exit');
    await yurt.signal('SIGKILL');
    assert.equal((await exited)[0], 1);
    assert.match(output(), new RegExp(`"yurt attach ${id}" takes the session up again`));
    await yurt.up();
    assert.equal((await states())[id], 'running');
    await yurt.signal('SIGTERM');
    await yurt.up();
    await yurt.ok('exec', 't1', '--', 'touch', '/tmp/go');
    const { stdout, exitCode } = await attach(id, '-n');
    assert.deepEqual([stdout, exitCode], [thousand, 6]);
  });

  it('keep their agent from leaving as idle', async () => {
    const id = await detach(sh('sleep 4; echo alive; exit 3'));
    await eventually(async () => assert.equal((await states())[id], 'ended'));
    const { stdout, exitCode } = await attach(id);
    assert.deepEqual([stdout, exitCode], ['alive\n', 3]);
  });

  it('have a terminal of the size of whoever attaches, who leaves by keys and comes back', async () => {
    const id = await detach(['sh'], 't1', '-t');
    const { spawn: spawnTerminal } = await import('node-pty');
    const open = async (cols: number, script: (text: string, write: (keys: string) => void) => void) => {
      const env = { ...process.env, YURT_DIR: yurt.directory };
      const child = spawnTerminal(join(projectRoot, 'bin/yurt'), ['attach', id], { cols, rows: 33, env });
      let text = '';
      child.onData((data) => {
        text += data;
        script(text, (keys) => child.write(keys));
      });
      const code = await new Promise<number>((resolve) => child.onExit(({ exitCode }) => resolve(exitCode)));
      return { text, code };
    };
    /** Types each line once the text before it is there. */
    const typing = (...lines: readonly (readonly [RegExp, string])[]) => {
      let next = 0;
      return (text: string, write: (keys: string) => void) => {
        const [pattern, keys = ''] = lines[next] ?? [];
        if (pattern === undefined || !pattern.test(text)) return;
        next += 1;
        write(keys);
      };
    };
    const first = await open(101, typing([/#/, 'stty size\r'], [/33 101/, '\x01q']));
    assert.equal(first.code, 0);
    assert.match(first.text, new RegExp(`Detached: "yurt attach ${id}"`));
    const second = await open(77, typing([/33 101/, 'stty size; exit 5\r']));
    assert.match(second.text, /33 77/);
    assert.equal(second.code, 5);
  });

  it('have one reader: the last who came', async () => {
    const id = await detach(sh('echo first; exec sleep 1000'));
    const { child, output } = client('attach', '-n', id);
    await eventually(() => assert.match(output(), /first/));
    const exited = once(child, 'exit');
    const second = client('attach', '-n', id);
    await eventually(() => assert.match(second.output(), /first/));
    assert.equal((await exited)[0], 1);
    assert.match(output(), /Somebody else has attached to the session/);
    const left = once(second.child, 'exit');
    second.child.kill('SIGTERM');
    assert.equal((await left)[0], 143);
    assert.match(second.output(), /Detached/);
    const attached = client('attach', '-n', id);
    await eventually(() => assert.match(attached.output(), /first/));
    const killed = once(attached.child, 'exit');
    await yurt.ok('session', 'delete', id);
    assert.equal((await killed)[0], 137);
    const { stdout } = await yurt.yurt(['exec', 't1', '--', 'pgrep', '-f', 'sleep 1000']);
    assert.equal(stdout, '');
  });

  it('keep the last bytes of what nobody reads, and say that earlier ones are gone', async () => {
    const id = await detach(sh('seq 1 400000'));
    await eventually(async () => assert.equal((await states())[id], 'ended'));
    const { stdout, stderr, exitCode } = await attach(id);
    assert.equal(exitCode, 0);
    assert.ok(stdout.endsWith('399999\n400000\n'));
    assert.equal(stdout.length, 256 * 1024);
    assert.match(stderr, /^2\.\d+ ?MiB of earlier output are not kept any more\n$/);
  });

  it('wait for a reader that is slow, and lose nothing of it', { timeout: longMs }, async () => {
    using api = new Api(yurt);
    const bytes = 3_000_000;
    await yurt.ok('exec', 't1', '--', 'rm', '-f', '/tmp/go');
    const id = await detach(
      sh(`until [ -e /tmp/go ]; do sleep 0.1; done; head -c ${bytes} /dev/urandom | tee /tmp/sent`),
    );
    const call = api.sessions.AttachSession();
    call.write({ start: { session: id, windowed: true } });
    const received: Buffer[] = [];
    const ended = new Promise<number>((resolve, reject) => {
      call.on('error', reject);
      call.on('data', (response: ExecResponse__Output) => {
        if (response.started) void yurt.ok('exec', 't1', '--', 'touch', '/tmp/go');
        if (response.exit) resolve(response.exit.code);
        if (!response.stdout) return;
        received.push(response.stdout);
        const { length } = response.stdout;
        setImmediate(() => call.write({ window: { channel: 'EXEC_CHANNEL_STDOUT', bytes: length } }));
      });
    });
    call.write({ window: { channel: 'EXEC_CHANNEL_STDOUT', bytes: 10_000 } });
    assert.equal(await ended, 0);
    const all = Buffer.concat(received);
    assert.equal(all.length, bytes);
    const sent = await yurt.ok('exec', 't1', '--', 'md5sum', '/tmp/sent');
    assert.equal(createHash('md5').update(all).digest('hex'), sent.split(' ')[0]);
  });

  it('are so many in an instance and no more; the oldest that has ended makes room', { timeout: longMs }, async () => {
    const ids: string[] = [];
    for (let count = 0; count < maxKeptSessions; count += 1) {
      ids.push(await detach(sh(count === 1 ? 'exit 1' : 'exec sleep 1000'), 't2', '-n'));
    }
    const list = async () => (await yurt.ok('session', 'list', 't2', '-f', 'csv')).trim().split('\n');
    await eventually(async () => assert.match((await list())[1] ?? '', /ENDED,1/));
    await detach(['sleep', '1000'], 't2');
    assert.equal((await list()).length, maxKeptSessions);
    assert.match((await attach(ids[1] ?? '')).stderr, /does not exist/);
    const refused = await yurt.yurt(['exec', '--detach', 't2', '--', 'sleep', '1000']);
    assert.deepEqual([refused.exitCode, refused.stdout], [1, '']);
    assert.match(refused.stderr, /has 32 sessions, more are not possible/);
    assert.equal(await yurt.ok('exec', 't2', '--', 'echo', 'others'), 'others\n');
  });

  it('end with their instance, be there a server or not', { timeout: longMs }, async () => {
    const records = () => readdirSync(join(yurt.directory, 'run/sessions'));
    await yurt.ok('restart', 't2');
    assert.equal(await yurt.ok('session', 'list', 't2', '-f', 'csv'), '');
    const id = await detach(['sleep', '1000'], 't2');
    const pid = (await yurt.ok('list', 't2', '-f', 'csv', '-c', 'p')).trim();
    await yurt.signal('SIGKILL');
    process.kill(Number(pid), 'SIGKILL');
    await eventually(() => assert.throws(() => process.kill(Number(pid), 0)));
    await yurt.up();
    assert.match((await attach(id)).stderr, /does not exist/);
    assert.ok(!records().includes(id));
    await yurt.yurt(['stop', '-f', 't1']);
    assert.deepEqual(records(), []);
    await yurt.ok('start', 't1');
  });

  it('of another project do not exist, for an administrator who names a wrong one too', async () => {
    await yurt.ok('project', 'create', 'team', '-c', 'features.images=false');
    const id = await detach(['sleep', '1000']);
    for (const words of [
      ['attach', id],
      ['session', 'delete', id],
    ]) {
      const { exitCode, stderr } = await yurt.yurt([...words, '--project', 'team']);
      assert.deepEqual([exitCode, stderr], [1, `Error: Session "${id}" does not exist\n`]);
    }
    assert.equal(await yurt.ok('session', 'list', '--project', 'team', '-f', 'csv'), '');
    assert.match(await yurt.ok('session', 'list', '--all-projects', '-f', 'csv'), new RegExp(`^${id},t1,default,`));
    await yurt.ok('session', 'delete', id);
  });

  it('follow an instance that is renamed, and wait while it is paused', { timeout: longMs }, async () => {
    const id = await detach(sh('sleep 2; exit 4'));
    await yurt.ok('pause', 't1');
    assert.match((await attach(id)).stderr, /Instance "t1" is paused/);
    await yurt.ok('resume', 't1');
    assert.equal((await attach(id)).exitCode, 4);
    assert.match(readFileSync(join(yurt.directory, 'run/sessions', id), 'utf8'), /"command":\["\/bin\/sh"/);
  });

  it('are refused plainly by an agent of an older yurt, until its instance is restarted', {
    timeout: longMs,
  }, async () => {
    const bundles = join(yurt.directory, 'agents');
    const [bundle = '', ...others] = readdirSync(bundles);
    assert.deepEqual(others, []);
    const path = join(bundles, bundle, 'agent.cjs');
    const present = readFileSync(path, 'utf8');
    const older = present.replace(',keep:24,attach:25,sessions:26,listed:27,', ',');
    assert.notEqual(older, present, 'an agent that does not know the frames of sessions');
    try {
      writeFileSync(path, older);
      await yurt.ok('launch', 'tiny', 'old');
      await yurt.ok('exec', 'old', '--', 'true');
    } finally {
      writeFileSync(path, present);
    }
    await yurt.signal('SIGTERM');
    await yurt.up();
    const before = readdirSync(join(yurt.directory, 'run/sessions'));
    for (const options of [['--detach'], ['--detach', '-t']]) {
      const { exitCode, stdout, stderr } = await yurt.yurt(['exec', ...options, 'old', '--', 'sleep', '1000']);
      assert.deepEqual([exitCode, stdout], [1, '']);
      assert.match(stderr, /agent of the instance is of an older yurt: restart the instance to renew it/);
    }
    assert.equal(await yurt.ok('session', 'list', 'old', '-f', 'csv'), '');
    assert.deepEqual(readdirSync(join(yurt.directory, 'run/sessions')), before);
    assert.equal(await yurt.ok('exec', 'old', '--', 'echo', 'others'), 'others\n');
    // One that is on record all the same.
    const [{ uuid = '' } = {}] = JSON.parse(await yurt.ok('list', 'old', '-f', 'json')) as { uuid?: string }[];
    await yurt.signal('SIGTERM');
    const record = {
      id: '0a0b0c0d',
      instance: uuid,
      command: ['sh'],
      terminal: false,
      createdAt: '2026-01-01T00:00:00Z',
    };
    writeFileSync(join(yurt.directory, 'run/sessions', record.id), JSON.stringify(record));
    await yurt.up();
    assert.match(await yurt.ok('session', 'list', 'old', '-f', 'csv'), /^0a0b0c0d,old,sh,/);
    for (const words of [['attach'], ['session', 'delete']]) {
      assert.match((await yurt.yurt([...words, record.id])).stderr, /older yurt: restart the instance to renew it/);
    }
    await yurt.ok('restart', '--force', 'old');
    assert.equal(await yurt.ok('session', 'list', 'old', '-f', 'csv'), '');
    const id = await detach(sh('exit 4'), 'old');
    assert.equal((await attach(id)).exitCode, 4);
  });
});

import assert from 'node:assert/strict';
import { spawn as spawnProgram } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { spawn } from 'node-pty';
import { Daemon, projectRoot } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { Monitor } from './harness/monitor.ts';
import { template } from './harness/template.ts';

const longMs = 5 * 60_000;

/** `yurt init`, on servers that nobody has set up. */
describe('setting a server up', { timeout: longMs }, () => {
  let yurt: Daemon;
  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
    },
    { timeout: longMs },
  );
  after(async () => await yurt[Symbol.asyncDispose]());

  const listens = async (of: Daemon, port: number) => (await of.inNetwork(['ss', '-tln'])).stdout.includes(`:${port} `);

  it('--auto says what is there, changes nothing that is right, and opens the server when told to', async () => {
    const { exitCode, stdout, stderr } = await yurt.yurt(['init', '--auto']);
    assert.deepEqual([exitCode, stdout], [0, 'Everything is so already: nothing was changed\n']);
    assert.match(
      stderr,
      /^Storage pools: default \(overlay\)\nNetworks: yurtbr\d \(10\.\S+\/24\)\nProjects: default\n/,
    );
    assert.match(stderr, /Clients on the network: not served/);
    await yurt.ok('init', '--auto', '--network-address', '127.0.0.1', '--network-port', '8500');
    assert.ok(await listens(yurt, 8500));
    await yurt.ok('config', 'unset', 'core.https_address');
    assert.ok(!(await listens(yurt, 8500)));
  });

  it('--preseed is whole or nothing, and --dump makes another server like it', async () => {
    const preseed = `
config: { core.https_address: "127.0.0.1:8501", user.site: "007" }
projects: [{ name: team, config: { limits.instances: "3" } }]
profiles:
  - { name: default, project: team, config: { limits.processes: "200" } }
  - { name: big, description: Much, config: { limits.memory: 1GiB } }
`;
    const state = async () => {
      const parts = [
        ['config', 'show'],
        ['project', 'list', '-f', 'json'],
        ['profile', 'list', '--all-projects', '-f', 'json'],
      ];
      return await Promise.all(parts.map((words) => yurt.ok(...words)));
    };
    const earlier = await state();
    for (const [from, to, reason] of [
      ['"127.0.0.1:8501"', '"192.0.2.1:8501"', /this host does not have the address/],
      ['limits.memory: 1GiB', 'limits.memroy: 1GiB', /limits.memroy/],
      ['limits.processes: "200"', 'limits.processes: many', /limits.processes/],
      ['profiles:', 'networks: [{ name: lxdbr0 }]\nprofiles:', /network "lxdbr0", which does not exist/],
    ] as const) {
      const { exitCode, stderr } = await yurt.yurt(['init', '--preseed'], { input: preseed.replace(from, to) });
      assert.deepEqual([exitCode, reason.test(stderr)], [1, true], stderr);
      assert.deepEqual(await state(), earlier, to);
    }
    const made = await yurt.yurt(['init', '--preseed'], { input: preseed });
    assert.equal(made.exitCode, 0, made.stderr);
    assert.ok(await listens(yurt, 8501));
    assert.equal((await yurt.ok('config', 'get', 'user.site')).trim(), '007');
    await yurt.ok('launch', 'tiny', 'web', '-p', 'default', '-p', 'big');
    const dump = await yurt.ok('init', '--dump');
    assert.equal(
      (await yurt.yurt(['init', '--preseed'], { input: dump })).stdout,
      'Everything is so already: nothing was changed\n',
    );
    await using other = await Daemon.start();
    const copied = await other.yurt(['init', '--preseed'], { input: dump });
    assert.equal(copied.exitCode, 0, copied.stderr);
    assert.equal(await other.ok('init', '--dump'), dump);
  });

  it('--preseed that is interrupted undoes what it did, and one that is killed is completed by the same again', async () => {
    // As many as take a while: it is stopped in their midst.
    const count = 900;
    const profiles = Array.from(
      { length: count },
      (_, index) => `  - { name: many-${index}, config: { user.n: "${index}" } }`,
    );
    const preseed = `profiles:\n${profiles.join('\n')}\n`;
    const made = async () => (await yurt.ok('profile', 'list', '-f', 'csv')).match(/many-/g)?.length ?? 0;
    for (const [signal, expected] of [
      ['SIGINT', (left: number) => left === 0],
      ['SIGKILL', (left: number) => left > 0 && left < count],
    ] as const) {
      const child = spawnProgram(join(projectRoot, 'bin/yurt'), ['init', '--preseed'], {
        env: { ...process.env, YURT_DIR: yurt.directory },
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      using events = new Monitor(yurt, '--type', 'lifecycle');
      const exited = once(child, 'exit');
      child.stdin?.end(preseed);
      await eventually(() => assert.match(events.output, /profile-created profile\/many-/), 30_000);
      child.kill(signal);
      const [code] = (await exited) as [number | null];
      assert.notEqual(code, 0);
      assert.ok(expected(await made()), `${await made()} after ${signal}`);
    }
    const again = await yurt.yurt(['init', '--preseed'], { input: preseed });
    assert.equal(again.exitCode, 0, again.stderr);
    assert.equal(await made(), count);
  });

  it('asks on a terminal, again for what cannot be, and does it', async () => {
    await yurt.ok('init', '--auto');
    const program = spawn(join(projectRoot, 'bin/yurt'), ['init'], {
      env: { ...process.env, YURT_DIR: yurt.directory, TERM: 'xterm' },
      cols: 160,
    });
    let shown = '';
    program.onData((data) => {
      shown += data;
    });
    const { promise: ended, resolve } = Promise.withResolvers<number>();
    program.onExit(({ exitCode }) => resolve(exitCode));
    const answer = async (question: RegExp, text: string) => {
      await eventually(async () => assert.match(shown, question), 30_000);
      shown = '';
      program.write(`${text}\r`);
    };
    await answer(/Storage pool of new instances \[default=default\]: $/, 'slow');
    await answer(/"slow" is none of default\r\nStorage pool of new instances \[default=default\]: $/, '');
    await answer(/Network of new instances \[default=yurtbr\d\]: $/, '');
    await answer(/available over the network\? \(yes\/no\) \[default=(?:yes|no)\]: $/, 'yes');
    await answer(/Address to bind to .*: $/, '192.0.2.1');
    await answer(/Port to bind to .*: $/, '8502');
    await answer(/preseed to be printed\? .*: $/, '');
    await answer(/does not have the address\r\nStorage pool .*: $/, '');
    await answer(/Network .*: $/, '');
    await answer(/available over the network\? .*: $/, '');
    await answer(/Address to bind to .*\[default=192\.0\.2\.1\]: $/, '127.0.0.1');
    await answer(/Port to bind to .*\[default=8502\]: $/, '');
    await answer(/preseed to be printed\? .*: $/, 'yes');
    assert.equal(await ended, 0, shown);
    assert.match(shown, /core.https_address: 127.0.0.1:8502/);
    assert.ok(await listens(yurt, 8502));
  });

  it('creates an instance where an image is named, as before', async () => {
    await yurt.ok('init', 'tiny', 'one');
    await yurt.ok('create', 'tiny', 'two');
    assert.equal((await yurt.ok('list', '-c', 'ns', '-f', 'csv', '^(one|two)$')).trim(), 'one,STOPPED\ntwo,STOPPED');
  });
});

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../harness/eventually.ts';
import { AgentUnderTest, finish } from './harness.ts';

describe('a command in an instance', () => {
  let under: AgentUnderTest;
  before(async () => {
    under = await AgentUnderTest.open({
      memory: { bytes: 24 * 1024 * 1024, enforce: 'hard' },
      processes: 150,
    });
  });
  after(async () => {
    await under[Symbol.asyncDispose]();
  });

  it('has its exit code, or 128 and the signal that killed it', async () => {
    assert.equal((await under.run({ argv: ['sh', '-c', 'exit 7'] })).code, 7);
    assert.equal((await under.run({ argv: ['sh', '-c', 'kill -9 $$'] })).code, 137);
    assert.equal((await under.run({ argv: ['sh', '-c', 'kill -TERM $$'] })).code, 143);
    assert.equal((await under.run({ argv: ['sh', '-c', 'kill -40 $$'] })).code, 168, 'a real-time signal');
  });

  it('that cannot be run says why with 126 and 127', async () => {
    const cases = {
      'no-such-program': [127, 'Command not found: "no-such-program"'],
      '/no/such/program': [127, 'Command not found: "/no/such/program"'],
      '/etc/plain': [126, 'Command not executable: "/etc/plain": permission denied'],
      '/etc': [126, 'Command not executable: "/etc": permission denied'],
      orphan: [126, 'Command not executable: "orphan": its interpreter or loader is missing'],
    } as const;
    for (const [program, [code, message]] of Object.entries(cases)) {
      const result = await under.run({ argv: [program] });
      assert.deepEqual([result.code, result.message], [code, message]);
    }
    const tooLong = under.run({ argv: ['echo', 'x'.repeat(200_000)] });
    await assert.rejects(tooLong, { code: 'invalid', message: 'Cannot run "echo": argument list too long' });
  });

  it('without a #! line is run by the shell, as execvp(3) has it', async () => {
    assert.equal((await under.run({ argv: ['headless', 'a b'] })).stdout.toString(), 'headless a b\n');
  });

  it('finds its program by the PATH that it is given', async () => {
    const environment = { PATH: '/nowhere:/etc' };
    assert.equal((await under.run({ argv: ['sh', '-c', 'true'], environment })).code, 127);
    assert.equal(
      (await under.run({ argv: ['/bin/sh', '-c', 'echo $PATH'], environment })).stdout.toString(),
      '/nowhere:/etc\n',
    );
  });

  it('has an environment of defaults and what it was given, and nothing else', async () => {
    const defaults = 'LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin container=lxc';
    const env = async (command: object) =>
      (await under.run({ argv: ['/bin/env'], ...command })).stdout.toString().trim().split('\n').sort().join(' ');
    assert.equal(await env({}), `HOME=/root ${defaults.replace('container', 'USER=root container')}`);
    assert.equal(await env({ user: 1000 }), defaults);
    assert.equal(
      await env({ user: 1000, environment: { TERM: 'xterm', A: 'ü\n' } }),
      `A=ü ${defaults.replace('container', 'TERM=xterm container')}`,
    );
  });

  it('starts in HOME, in / without one, and where it was told to', async () => {
    const pwd = async (command: object) => (await under.run({ argv: ['pwd'], ...command })).stdout.toString().trim();
    assert.equal(await pwd({}), '/root');
    assert.equal(await pwd({ user: 1000 }), '/');
    assert.equal(await pwd({ environment: { HOME: '/home/ann' } }), '/home/ann');
    assert.equal(await pwd({ environment: { HOME: '/gone' } }), '/', 'a default that fails');
    assert.equal(await pwd({ cwd: '/tmp' }), '/tmp');
    await assert.rejects(pwd({ cwd: '/gone' }), { code: 'not-found', message: /Cannot enter directory "\/gone"/ });
    await assert.rejects(pwd({ cwd: '/closed', user: 1000 }), { code: 'forbidden' });
    await assert.rejects(pwd({ cwd: '/etc/plain' }), { message: /not a directory/ });
  });

  it('cannot get out of the root by a descriptor that somebody left open', async () => {
    for (let fd = 3; fd <= 20; fd++) {
      for (const cwd of [`/proc/self/fd/${fd}`, `/proc/self/fd/${fd}/../..`]) {
        await assert.rejects(under.run({ argv: ['pwd'], cwd }), (error: Error) =>
          /Cannot enter directory/.test(error.message),
        );
      }
    }
  });

  it('has the user and the group that it was given, and no other groups', async () => {
    assert.equal((await under.run({ argv: ['id'] })).stdout.toString(), 'uid=0(root) gid=0\n');
    assert.equal((await under.run({ argv: ['id'], user: 1000, group: 2000 })).stdout.toString(), 'uid=1000 gid=2000\n');
    const status = await under.run({ argv: ['cat', '/proc/self/status'], user: 1000, group: 2000 });
    assert.match(status.stdout.toString(), /^Groups:\t *$/m);
    assert.match(status.stdout.toString(), /^CapEff:\t0+$/m);
    await assert.rejects(under.run({ argv: ['id'], user: 4_000_000 }), {
      code: 'invalid',
      message: /Cannot become user/,
    });
  });

  it('has descriptors 0, 1 and 2 only, default signals, a normal umask and limit of files', async () => {
    for (const terminal of [undefined, { columns: 80, rows: 24 }]) {
      const session = await under.start({ argv: ['sleep', '1000'], ...(terminal === undefined ? {} : { terminal }) });
      const proc = (file: string) => under.shell(`${file === 'fd' ? 'ls' : 'cat'} /proc/${session.pid}/${file}`);
      assert.equal(await proc('fd'), '0\n1\n2\n');
      assert.match(await proc('status'), /^SigBlk:\t0+\nSigIgn:\t0+\nSigCgt:\t0+$/m);
      assert.match(await proc('limits'), /^Max open files +1024 /m);
      session.close();
    }
    assert.equal(await under.shell('umask'), '0022\n');
  });

  it('runs in the cgroups of the instance, beside its init, while the agent has its own', async () => {
    const own = await under.runtime.cgroupPaths(under.instance.id);
    const session = await under.start({ argv: ['sleep', '1000'] });
    const hierarchies = ['unified', 'memory', 'cpu', 'pids'].filter((name) => own[name] !== undefined);
    for (const hierarchy of hierarchies) {
      const directory = own[hierarchy] ?? '';
      const inside = pidsIn(hierarchy === 'unified' ? join(directory, '.yurt') : directory);
      assert.ok(
        inside.some((pid) => namesOf(pid).includes('sleep')),
        `sleep in ${hierarchy}`,
      );
      assert.ok(!inside.some((pid) => namesOf(pid).includes('agent.cjs')), `no agent in ${hierarchy}`);
      assert.deepEqual(
        pidsIn(`${directory}.agent`).map((pid) => namesOf(pid).includes('agent.cjs')),
        [true],
      );
    }
    const memory = own['memory'] === undefined ? 'memory.max' : 'memory.limit_in_bytes';
    const agentMemory = readFileSync(`${own['memory'] ?? own['unified']}.agent/${memory}`, 'utf8');
    assert.equal(Number(agentMemory), 128 * 1024 * 1024);
    session.close();
  });

  it('can be signalled, with all that it started', async () => {
    const session = await under.start({ argv: ['sh', '-c', 'trap "echo caught; exit 3" USR1; sleep 1000 & wait'] });
    session.grant('stdout', 100);
    await eventually(async () => {
      assert.match(await under.shell(`grep SigCgt /proc/${session.pid}/status`), /SigCgt:\t0*[0-9a-f]*2[0-9a-f]{2}\n/);
    });
    session.signal(10);
    const result = await finish(session);
    assert.deepEqual([result.code, result.stdout.toString()], [3, 'caught\n']);
    assert.throws(() => session.signal(65), { code: 'invalid' });
  });

  it('dies with everything in its session when the client vanishes', async () => {
    for (const terminal of [undefined, { columns: 80, rows: 24 }]) {
      const script = 'trap "" HUP TERM; sleep 4242 & (set -m; sleep 4242 & wait) & wait';
      const argv = ['sh', '-c', script];
      const session = await under.start({ argv, ...(terminal === undefined ? {} : { terminal }) });
      const sleepers = () => hostProcesses('sleep\x004242');
      await eventually(() => assert.equal(sleepers().length, 2));
      session.close();
      await eventually(() => assert.deepEqual(sleepers(), []));
    }
  });

  it('is refused with what no command can be', async () => {
    const refused = [
      { argv: [] },
      { argv: ['a\0b'] },
      { argv: ['true'], environment: { 'A=B': 'c' } },
      { argv: ['true'], environment: { A: '\0' } },
      { argv: ['true'], user: -1 },
      { argv: ['true'], user: 0xffff_ffff },
      { argv: ['true'], cwd: `/${'x'.repeat(5000)}` },
      { argv: ['true'], terminal: { columns: 0, rows: 24 } },
      { argv: Array.from({ length: 70_000 }, () => 'x') },
      { argv: ['true', 'x'.repeat(5 * 1024 * 1024)] },
    ];
    for (const command of refused) await assert.rejects(under.run(command), { code: 'invalid' });
  });

  it('runs a hundred times at once', async () => {
    const codes = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const input = Buffer.from(`${index} `.repeat(1000));
        const result = await under.run({ argv: ['cat'] }, input);
        return result.stdout.equals(input) ? result.code : -1;
      }),
    );
    assert.deepEqual(new Set(codes), new Set([0]));
    assert.equal(under.recorder.starts, 1);
  });
});

function pidsIn(directory: string): string[] {
  return readFileSync(join(directory, 'cgroup.procs'), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

function namesOf(pid: string): string {
  return existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
}

/** Host pids of processes whose argument vector begins so. */
function hostProcesses(begin: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').startsWith(begin);
    } catch {
      return false;
    }
  });
}

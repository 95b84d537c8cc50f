import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { prepareAgentBundle, removeUnusedBundles } from '../../../server/agents/agent-bundle.ts';
import { eventually } from '../harness/eventually.ts';
import { AgentUnderTest, bundleOptions, finish, newTask } from './harness.ts';

const bound = { timeout: 60_000 };

describe('the agent of an instance', () => {
  it('is started once for all that need it at the same time', bound, async () => {
    await using under = await AgentUnderTest.open();
    const codes = await Promise.all(Array.from({ length: 20 }, async () => (await under.run({ argv: ['true'] })).code));
    assert.deepEqual([new Set(codes), under.recorder.starts], [new Set([0]), 1]);
    assert.equal(await under.shell('ls -A /run'), '', 'no socket inside');
  });

  it('is found by the next server', bound, async () => {
    await using under = await AgentUnderTest.open();
    await under.agents.warm(newTask(), under.instance);
    const [agent] = agentPids(under);
    const running = await under.start({ argv: ['sleep', '1000'] });
    under.agents.close();
    under.agents = under.newAgents();
    assert.equal((await under.run({ argv: ['true'] })).code, 0);
    assert.deepEqual(agentPids(under), [agent]);
    assert.equal(under.recorder.starts, 1);
    running.close();
  });

  it('leaves when idle, not while a command runs, and comes back', bound, async () => {
    await using under = await AgentUnderTest.open();
    under.instance = { ...under.instance, idleMs: 50 };
    const session = await under.start({ argv: ['sh', '-c', 'sleep 0.5; echo there'] });
    assert.equal((await finish(session)).stdout.toString(), 'there\n');
    await eventually(() => assert.deepEqual(agentPids(under), []));
    assert.equal((await under.run({ argv: ['true'] })).code, 0);
    assert.equal(under.recorder.starts, 2);
  });

  it('may leave at the very moment of a command: the command runs, once', bound, async () => {
    await using under = await AgentUnderTest.open();
    under.instance = { ...under.instance, idleMs: 1 };
    for (let round = 0; round < 60; round++) {
      const { code } = await under.run({ argv: ['sh', '-c', `echo ${round} >> /tmp/rounds`] });
      assert.equal(code, 0);
      if (round % 3 === 0) await Promise.all([under.run({ argv: ['true'] }), under.run({ argv: ['true'] })]);
    }
    const expected = Array.from({ length: 60 }, (_, index) => `${index}\n`).join('');
    assert.equal(await under.shell('cat /tmp/rounds'), expected);
    assert.ok(under.recorder.starts > 1);
  });

  it('that was killed ends its commands with a fault, and is replaced', bound, async () => {
    await using under = await AgentUnderTest.open();
    const session = await under.start({ argv: ['sleep', '1000'] });
    const [agent = 0] = agentPids(under);
    process.kill(agent, 'SIGKILL');
    await assert.rejects(finish(session), { code: 'unavailable' });
    assert.equal((await under.run({ argv: ['true'] })).code, 0);
    assert.doesNotMatch(await under.shell('ps'), /sleep 1000/, 'nobody could stop it any more');
  });

  it('that does not answer any more is replaced', { timeout: 120_000 }, async () => {
    await using under = await AgentUnderTest.open();
    await under.agents.warm(newTask(), under.instance);
    const [agent = 0] = agentPids(under);
    process.kill(agent, 'SIGSTOP');
    under.agents.close();
    under.agents = under.newAgents();
    assert.equal((await under.run({ argv: ['true'] })).code, 0);
    assert.ok(!agentPids(under).includes(agent));
  });

  it('that root inside has stopped costs the next command seconds, and no fault', bound, async () => {
    await using under = await AgentUnderTest.open();
    await under.run({ argv: ['true'] });
    for (let round = 0; round < 2; round++) {
      const [agent = 0] = agentPids(under);
      // In the background, since the agent that is asked would never tell how it ended.
      await under.shell("setsid sh -c 'sleep 0.2; kill -STOP $(pidof ld.so)' </dev/null >/dev/null 2>&1 &");
      await eventually(() => assert.match(readFileSync(`/proc/${agent}/status`, 'utf8'), /^State:\tT/m));
      const began = performance.now();
      assert.equal((await under.run({ argv: ['true'] })).code, 0);
      assert.ok(performance.now() - began < 9_000);
      assert.ok(!agentPids(under).includes(agent));
    }
  });

  it('that was stopped while it ran a command ends that command with a fault that says so', bound, async () => {
    await using under = await AgentUnderTest.open();
    const session = await under.start({ argv: ['sleep', '1000'] });
    const ended = assert.rejects(finish(session), { code: 'unavailable', message: /did not answer .*was replaced/ });
    await under.run({ argv: ['true'] });
    const [agent = 0] = agentPids(under);
    process.kill(agent, 'SIGSTOP');
    const codes = await Promise.all([1, 2, 3].map(async () => (await under.run({ argv: ['true'] })).code));
    assert.deepEqual(codes, [0, 0, 0]);
    await ended;
    assert.equal(under.recorder.starts, 2);
    assert.doesNotMatch(await under.shell('ps'), /sleep 1000/);
  });

  it('stands still while its instance is copied, whatever runs in it; commands wait and sessions go on', {
    timeout: 90_000,
  }, async () => {
    await using under = await AgentUnderTest.open();
    const { id } = under.instance;
    const running = finish(
      await under.start({ argv: ['sh', '-c', 'read line; echo "got $line"'] }),
      Buffer.from('it\n'),
    );
    const [agent = 0] = agentPids(under);
    await under.agents.freeze(id);
    await under.runtime.pause(id);
    assert.deepEqual(agentPids(under), [agent]);
    const ticks = () => readFileSync(`/proc/${agent}/stat`, 'utf8').split(' ').slice(13, 15).join(' ');
    const [before, waiting] = [ticks(), under.run({ argv: ['true'] })];
    const second = under.newAgents();
    // Longer than an agent has to answer: nobody takes it for dead.
    await assert.rejects(
      Promise.race([waiting, delay(12_000).then(() => Promise.reject(new Error('it waits')))]),
      /it waits/,
    );
    assert.equal(ticks(), before);
    assert.ok(await under.cgroups.isFrozen(`${under.runtime.cgroupOf(id)}.agent`));
    // Let go by the next server.
    await under.runtime.resume(id);
    await second.thaw(id);
    second.close();
    await under.agents.thaw(id);
    assert.equal((await waiting).code, 0);
    assert.equal((await running).stdout.toString(), 'got it\n');
    assert.deepEqual([agentPids(under), under.recorder.starts], [[agent], 1]);
    await under.agents.forget(id);
    await under.agents.freeze(id); // there is none
    await under.agents.thaw(id);
  });

  it('comes back when the place for its commands was removed from inside', bound, async () => {
    await using under = await AgentUnderTest.open();
    await under.agents.warm(newTask(), under.instance);
    const { unified = '' } = await under.runtime.cgroupPaths(under.instance.id);
    rmdirSync(join(unified, '.yurt'));
    assert.equal((await under.run({ argv: ['true'] })).code, 0);
    assert.equal(under.recorder.starts, 2);
  });

  it('leaves nothing behind when the instance is forgotten', bound, async () => {
    await using under = await AgentUnderTest.open();
    await under.agents.warm(newTask(), under.instance);
    await under.agents.forget(under.instance.id);
    await under.agents.forget(under.instance.id);
    assert.deepEqual(readdirSync(join(under.directory, 'run/agents')), []);
    const { unified = '' } = await under.runtime.cgroupPaths(under.instance.id);
    assert.ok(!existsSync(`${unified}.agent`));
  });

  it('keeps no descriptor and no child of commands that have ended', bound, async () => {
    await using under = await AgentUnderTest.open();
    await under.agents.warm(newTask(), under.instance);
    const [agent = 0] = agentPids(under);
    const descriptors = () => readdirSync(`/proc/${agent}/fd`).length;
    const task = readFileSync(`/proc/${agent}/task/${agent}/children`, 'utf8');
    assert.equal(task, '');
    const before = descriptors();
    for (let round = 0; round < 20; round++) {
      await under.run({ argv: ['true'] });
      await under.run({ argv: ['no-such-program'] });
      await assert.rejects(under.run({ argv: ['true'], cwd: '/gone' }));
      await under.run({ argv: ['true'], terminal: { columns: 80, rows: 24 } });
      (await under.start({ argv: ['sleep', '1000'] })).close();
    }
    await eventually(() => {
      assert.equal(readFileSync(`/proc/${agent}/task/${agent}/children`, 'utf8'), '');
      assert.ok(descriptors() <= before + 2, `${before} then ${descriptors()}`); // the module of terminals, a spare
    });
  });

  it('can be canceled while it starts, and is there for the next', bound, async () => {
    await using under = await AgentUnderTest.open();
    const abort = new AbortController();
    const started = under.agents.warm(newTask(abort.signal), under.instance);
    abort.abort();
    await assert.rejects(started, { code: 'canceled' });
    assert.equal((await under.run({ argv: ['true'] })).code, 0);
    assert.equal(under.recorder.starts, 1);
  });

  it('is refused in an instance that does not run', bound, async () => {
    await using under = await AgentUnderTest.open();
    await under.runtime.pause(under.instance.id);
    await assert.rejects(under.run({ argv: ['true'] }), { code: 'wrong-state' });
    const nobody = { id: randomUUID(), idleMs: 0 };
    await assert.rejects(under.agents.warm(newTask(), nobody));
  });

  it('tells how far the boot has come', bound, async () => {
    await using under = await AgentUnderTest.open();
    const probe = (signal?: AbortSignal) => under.agents.probe(newTask(signal), under.instance);
    assert.deepEqual(await probe(), { ready: true, initState: '' });
    const systemctl = join(under.directory, 'root/bin/systemctl');
    mkdirSync(join(under.directory, 'root/run/systemd/system'), { recursive: true });
    await under.shell('mkdir -p /run/systemd/system');
    for (const [answer, expected] of [
      ['degraded', { ready: true, initState: 'degraded' }],
      ['starting', { ready: false, initState: 'starting' }],
      ['\x1b[2Jrunning', { ready: false, initState: 'unknown' }],
    ] as const) {
      writeFileSync(systemctl, `#!/bin/sh\n[ "$*" = "is-system-running --wait" ] && echo '${answer}'\n`);
      chmodSync(systemctl, 0o755);
      assert.deepEqual(await probe(), expected);
    }
    writeFileSync(systemctl, '#!/bin/sh\nsleep 7777\n');
    const abort = new AbortController();
    const waiting = probe(abort.signal);
    await eventually(async () => assert.match(await under.shell('ps'), /sleep 7777/));
    abort.abort();
    await assert.rejects(waiting, { code: 'canceled' });
    await eventually(async () => assert.doesNotMatch(await under.shell('ps'), /sleep 7777/));
  });

  it(
    'has its files in a directory of their content, which stays as long as an instance has it mounted',
    bound,
    async () => {
      await using under = await AgentUnderTest.open();
      const options = bundleOptions(join(under.directory, 'agents'));
      const current = await prepareAgentBundle(options);
      assert.equal(readdirSync(options.directory).length, 1, 'made once');
      for (const name of ['node', 'agent.cjs', 'launcher', 'ld.so', 'pty.node', 'koffi.node', 'lib/libc.so.6']) {
        assert.ok(existsSync(join(current, name)), name);
      }
      mkdirSync(join(options.directory, 'draft-of-a-server-that-was-killed'));
      mkdirSync(join(options.directory, '0123456789abcdef0123456789abcdef'));
      await removeUnusedBundles(options, join(options.directory, 'a newer one'));
      assert.deepEqual(
        readdirSync(options.directory).map((name) => join(options.directory, name)),
        [current],
      );
      await under.agents.forget(under.instance.id);
      await under.runtime.delete(under.instance.id);
      await removeUnusedBundles(options, join(options.directory, 'a newer one'));
      assert.deepEqual(readdirSync(options.directory), []);
    },
  );
});

/** Host pids in the agent's own cgroup. */
function agentPids({ cgroups, runtime, instance }: AgentUnderTest): number[] {
  const directory = cgroups.unifiedPath(`${runtime.cgroupOf(instance.id)}.agent`);
  if (!existsSync(directory)) return [];
  return readFileSync(join(directory, 'cgroup.procs'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

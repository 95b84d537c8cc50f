import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Run, run } from '../../../server/host/run.ts';
import { eventually, newTask, RuntimeUnderTest } from './harness.ts';

const bound = { timeout: 120_000 };
const conmonOf = (under: RuntimeUnderTest, id: string) =>
  Number(readFileSync(join(under.directory, 'run/containers', id, 'conmon.pid'), 'utf8'));

test('a new server finds what the old one left, running or ended', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const [running, ended] = [await under.boot(), await under.boot()];
  const before = await under.runtime.state(running);
  await under.runtime.kill(ended, 'SIGKILL'); // nobody waits for it
  await eventually('the end', async () => (await under.runtime.state(ended))?.status === 'stopped');
  await under.reopen();
  assert.deepEqual((await under.runtime.list()).toSorted(), [running, ended].toSorted());
  assert.deepEqual(await under.runtime.state(running), before);
  assert.deepEqual(await under.runtime.waitExit(ended, newTask().signal), { kind: 'exited', status: 137 });
  assert.equal(await under.shell(running, 'echo still here'), 'still here\nEND 0');
});

test('conmon is in no cgroup of the server or the system and in a session of its own', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  const conmon = conmonOf(under, id);
  assert.match(
    readFileSync(`/proc/${conmon}/cgroup`, 'utf8'),
    new RegExp(`^0::/yurt/${under.daemonId}/${id}.conmon$`, 'm'),
  );
  const session = readFileSync(`/proc/${conmon}/stat`, 'utf8').split(') ')[1]?.split(' ')[3];
  assert.equal(session, String(conmon));
});

test('a system outlives its conmon, and its end is noticed without it', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  const conmon = conmonOf(under, id);
  const exit = under.runtime.waitExit(id, newTask().signal);
  process.kill(conmon, 'SIGKILL');
  await eventually('the end of conmon', () => !existsSync(`/proc/${conmon}`));
  await assert.rejects(under.runtime.resizeConsole(id, { columns: 80, rows: 24 }), { code: 'wrong-state' });
  assert.equal((await under.runtime.state(id))?.status, 'running');
  await under.runtime.kill(id, 'SIGKILL');
  assert.deepEqual(await exit, { kind: 'lost' });
});

test('waiting for an end can be given up', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  const stop = new AbortController();
  const exit = under.runtime.waitExit(id, stop.signal);
  stop.abort(new Error('no longer'));
  await assert.rejects(exit, /no longer/);
});

test('a container that cannot be created leaves nothing', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const attempts = [
    { change: { rootPath: join(under.directory, 'nowhere') }, code: 'internal' },
    { change: { init: ['/sbin/nothing'] }, code: 'invalid' },
    {
      change: { mounts: [{ destination: '/mnt', type: 'bind', source: '/no/such', options: ['bind'] }] },
      code: 'internal',
    },
  ];
  for (const { change, code } of attempts) {
    await assert.rejects(
      async () => {
        const id = await under.create(change);
        await under.runtime.start(newTask(), id);
      },
      { code },
    );
  }
  for (const id of await under.runtime.list()) await under.runtime.delete(id); // that of a runtime that fails at `start`
  assert.deepEqual(under.traces(), []);
});

test('a creation that is canceled at any moment leaves nothing', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = randomUUID();
  const spec = await under.spec(id);
  for (const afterMs of [0, 1, 3, 6, 10, 15, 20, 25, 30, 40]) {
    const stop = new AbortController();
    const creation = under.runtime.create(newTask(stop.signal), { id, spec, consoleLogPath: under.logPath(id) });
    const outcome = creation.then(
      () => 'created',
      (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
    );
    await delay(afterMs);
    stop.abort();
    const result = await outcome;
    assert.ok(['created', 'canceled'].includes(result), result);
    if (result === 'created') await under.runtime.delete(id);
    assert.deepEqual(under.traces(), [], `after ${afterMs} ms`);
  }
});

test('a runtime program that fails or is missing is reported and leaves nothing', bound, async () => {
  const broken: Run = async (argv, options) =>
    argv[0]?.endsWith('conmon') && !argv.includes('--version')
      ? { argv, exitCode: 1, stdout: '', stderr: 'conmon: no' }
      : run(argv, options);
  await using under = await RuntimeUnderTest.open(broken);
  await assert.rejects(under.create(), { code: 'internal', message: /conmon failed with status 1: conmon: no/ });
  assert.deepEqual(under.traces(), []);
});

test('what a server leaves that is killed at any moment of a creation can be listed and deleted', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = randomUUID();
  const spec = await under.spec(id);
  const job = {
    runDirectory: join(under.directory, 'run'),
    daemonId: under.daemonId,
    id,
    spec,
    consoleLogPath: under.logPath(id),
  };
  const jobPath = join(under.directory, 'job.json');
  writeFileSync(jobPath, JSON.stringify(job));
  for (const afterMs of [1, 4, 8, 12, 16, 20, 25, 30, 60]) {
    const server = fork(join(import.meta.dirname, 'creating-server.ts'), [jobPath], { stdio: 'ignore' });
    const exit = once(server, 'exit'); // it may come to its end before it is killed
    await once(server, 'message'); // it begins to create
    await delay(afterMs);
    server.kill('SIGKILL');
    await exit;
    await under.reopen();
    // conmon and the runtime, once at work, come to their end by themselves; the next server repairs what it finds.
    await eventually('the end of what was begun', async () => {
      for (const found of await under.runtime.list()) await under.runtime.delete(found);
      return under.traces().length === 0;
    });
  }
});

test('rests without a bundle are found by their cgroup and by the state of the runtime', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  rmSync(join(under.directory, 'run/containers', id), { recursive: true });
  const other = randomUUID();
  mkdirSync(join(under.directory, 'run/engine', other));
  assert.deepEqual((await under.runtime.list()).toSorted(), [id, other].toSorted());
  await under.runtime.delete(id);
  await under.runtime.delete(other);
  await eventually('the end of conmon', () => under.traces().length === 0);
});

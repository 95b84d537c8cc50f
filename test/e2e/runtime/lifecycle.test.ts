import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, newTask, RuntimeUnderTest } from './harness.ts';

const bound = { timeout: 60_000 };

test('a system boots to a shell on its console, and what is typed there is run', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot({ hostname: 'yurt-guest' });
  assert.match(await under.output(id), /system is up\r\n/);
  assert.equal(await under.shell(id, 'hostname'), 'yurt-guest\nEND 0');
  await under.runtime.resizeConsole(id, { columns: 132, rows: 43 });
  assert.equal(await under.shell(id, 'stty size'), '43 132\nEND 0');
});

test('states follow create, start, pause, resume and the end', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const { runtime } = under;
  const id = await under.create();
  assert.equal((await runtime.state(id))?.status, 'created');
  await assert.rejects(runtime.pause(id), { code: 'wrong-state' });
  await runtime.start(newTask(), id);
  await assert.rejects(runtime.start(newTask(), id), { code: 'wrong-state' });
  await under.seen(id, '/ # ');
  assert.equal((await runtime.state(id))?.status, 'running');
  await runtime.pause(id);
  assert.equal((await runtime.state(id))?.status, 'paused');
  const exec = { argv: ['/bin/true'], env: {}, fds: [] };
  await assert.rejects(runtime.exec(newTask(), id, exec), { code: 'wrong-state' });
  await runtime.resume(id);
  assert.equal(await under.shell(id, 'echo awake'), 'awake\nEND 0');
  const exit = runtime.waitExit(id, newTask().signal);
  await runtime.kill(id, 'SIGKILL');
  assert.deepEqual(await exit, { kind: 'exited', status: 137 });
  assert.deepEqual(await runtime.state(id), { status: 'stopped', pid: 0 });
  await assert.rejects(runtime.kill(id, 'SIGTERM'), { code: 'wrong-state' });
  await assert.rejects(runtime.writeConsole(id, Buffer.from('x')), { code: 'wrong-state' });
  await assert.rejects(runtime.resizeConsole(id, { columns: 80, rows: 24 }), { code: 'wrong-state' });
});

test('halting, rebooting and ending are told apart', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const { runtime } = under;
  const endOf = async (init: string[], signal?: string) => {
    const id = await under.create({ init });
    const exit = runtime.waitExit(id, newTask().signal);
    await runtime.start(newTask(), id);
    if (signal !== undefined) {
      await under.seen(id, '/ # ');
      await runtime.kill(id, signal);
    }
    return exit;
  };
  const [halted, powered, rebooted, ended] = await Promise.all([
    endOf(['/sbin/init'], 'SIGUSR2'),
    endOf(['/bin/busybox', 'poweroff', '-f']),
    endOf(['/bin/busybox', 'reboot', '-f']),
    endOf(['/bin/sh', '-c', 'exit 7']),
  ]);
  assert.deepEqual(halted, { kind: 'powered-off' });
  assert.deepEqual(powered, { kind: 'powered-off' });
  assert.deepEqual(rebooted, { kind: 'rebooted' });
  assert.deepEqual(ended, { kind: 'exited', status: 7 });
});

test('what does not exist is not found, and an id is taken until it is deleted', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const { runtime } = under;
  const nobody = randomUUID();
  assert.equal(await runtime.state(nobody), undefined);
  await runtime.delete(nobody);
  for (const attempt of [
    () => runtime.kill(nobody, 'SIGTERM'),
    () => runtime.start(newTask(), nobody),
    () => runtime.waitExit(nobody, newTask().signal),
    () => runtime.writeConsole(nobody, Buffer.from('x')),
  ]) {
    await assert.rejects(attempt, { code: 'not-found' });
  }
  await assert.rejects(runtime.state('../etc'), { code: 'invalid' });
  const id = await under.create();
  const again = { id, spec: await under.spec(id), consoleLogPath: under.logPath(id) };
  await assert.rejects(runtime.create(newTask(), again), { code: 'already-exists' });
  assert.equal((await runtime.state(id))?.status, 'created');
  await runtime.delete(id);
  assert.deepEqual(under.traces(id), []);
  await runtime.create(newTask(), again);
});

test('deleting a busy system leaves nothing in any hierarchy', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  await under.limits.apply(under.runtime.cgroupOf(id), {}, { processes: 200 });
  const nested =
    'mkdir -p /sys/fs/cgroup/a/b/c /sys/fs/cgroup/d; sleep 1000 & echo $! > /sys/fs/cgroup/a/b/c/cgroup.procs';
  assert.match(await under.shell(id, nested), /END 0/);
  await under.runtime.writeConsole(id, Buffer.from('f() { f | f & }; f\n')); // a fork bomb
  const { pids } = await under.runtime.cgroupPaths(id);
  const counter = join(pids ?? (await under.runtime.cgroupPaths(id))['unified'] ?? '', 'pids.current');
  await eventually('many processes', () => Number(readFileSync(counter, 'utf8')) > 50);
  await under.runtime.delete(id);
  assert.deepEqual(under.traces(id), []);
  assert.equal(await under.runtime.state(id), undefined);
});

test('deleting a paused system and one that never started works', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const paused = await under.boot();
  await under.runtime.pause(paused);
  const created = await under.create();
  await Promise.all([under.runtime.delete(paused), under.runtime.delete(created)]);
  assert.deepEqual(under.traces(), []);
});

test('a system may make only so many control groups of its own', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  const unified = (await under.runtime.cgroupPaths(id))['unified'] ?? '';
  assert.equal(readFileSync(join(unified, 'cgroup.max.descendants'), 'utf8').trim(), '10000');
});

import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, idMap, newTask, RuntimeUnderTest } from './harness.ts';

const bound = { timeout: 60_000 };

const status = (pid: number, field: string) =>
  new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

test('a command runs with the rights of init, its own environment and no descriptor too many', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot({ environment: { SECRET: 'of init' } });
  const init = (await under.runtime.state(id))?.pid ?? 0;
  const request = { argv: ['/bin/sleep', '1000'], env: { PATH: '/bin', TWO: 'a\nb' }, fds: [] };
  const pid = await under.runtime.exec(newTask(), id, request);
  for (const field of ['CapBnd', 'CapEff', 'CapInh', 'CapAmb', 'NoNewPrivs', 'Seccomp']) {
    assert.equal(status(pid, field), status(init, field), field);
  }
  assert.equal(status(pid, 'Uid')?.split('\t')[0], String(idMap.hostBase));
  assert.equal(readFileSync(`/proc/${pid}/environ`, 'utf8').replace(/HOME=[^\0]*\0/, ''), 'PATH=/bin\0TWO=a\nb\0');
  assert.deepEqual(readdirSync(`/proc/${pid}/fd`), ['0', '1', '2']);
  for (const fd of ['0', '1', '2']) assert.equal(readlinkSync(`/proc/${pid}/fd/${fd}`), '/dev/null');
  assert.equal(readlinkSync(`/proc/${pid}/cwd`), '/');
  for (const name of ['pid', 'user', 'mnt', 'net', 'uts', 'ipc', 'cgroup']) {
    assert.equal(readlinkSync(`/proc/${pid}/ns/${name}`), readlinkSync(`/proc/${init}/ns/${name}`), name);
  }
  assert.deepEqual(
    readdirSync(join(under.directory, 'run/containers', id)).filter((name) => name.startsWith('exec')),
    [],
  );
});

test('descriptors that are passed on are 3 and following', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  const path = join(under.directory, 'written');
  const file = openSync(path, 'w');
  try {
    const argv = ['/bin/sh', '-c', 'echo "to 3" >&3; echo "to 4" >&4'];
    await under.runtime.exec(newTask(), id, { argv, env: {}, fds: [file, file] });
    await eventually('both lines', () => readFileSync(path, 'utf8') === 'to 3\nto 4\n');
  } finally {
    closeSync(file);
  }
});

test('a command may start in a leaf of the cgroup tree', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  mkdirSync(join((await under.runtime.cgroupPaths(id))['unified'] ?? '', '.yurt'));
  const request = { argv: ['/bin/sleep', '1000'], env: {}, fds: [], leaf: '.yurt' };
  const pid = await under.runtime.exec(newTask(), id, request);
  assert.match(
    readFileSync(`/proc/${pid}/cgroup`, 'utf8'),
    new RegExp(`^0::${under.runtime.cgroupOf(id)}/.yurt$`, 'm'),
  );
  await assert.rejects(under.runtime.exec(newTask(), id, { ...request, leaf: '../..' }), { code: 'internal' });
});

test('a command that cannot be started says why', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  const exec = (...argv: string[]) => under.runtime.exec(newTask(), id, { argv, env: { PATH: '/bin' }, fds: [] });
  await assert.rejects(exec('/no/such/program'), { code: 'invalid', message: /no such file|not found/i });
  await assert.rejects(exec(), { code: 'invalid', message: /empty/ });
  await assert.rejects(exec('a\0b'), { code: 'invalid' });
  await under.runtime.kill(id, 'SIGKILL');
  await under.runtime.waitExit(id, newTask().signal);
  await assert.rejects(exec('/bin/true'), { code: 'wrong-state' });
});

test('commands end with their system', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  const pid = await under.runtime.exec(newTask(), id, { argv: ['/bin/sleep', '1000'], env: {}, fds: [] });
  await under.runtime.kill(id, 'SIGKILL');
  await under.runtime.waitExit(id, newTask().signal);
  await eventually('the end of the command', () => !existsSync(`/proc/${pid}`));
});

test('a system whose files are pipes does not hold the server up', bound, async () => {
  await using under = await RuntimeUnderTest.open(undefined, { insideTimeoutMs: 2_000 });
  const id = await under.boot();
  await under.shell(id, 'rm -f /etc/passwd; mkfifo /etc/passwd');
  const exec = under.runtime.exec(newTask(), id, { argv: ['/bin/true'], env: {}, fds: [] });
  await assert.rejects(exec, { code: 'timed-out' });
  await under.runtime.kill(id, 'SIGKILL');
  await under.runtime.waitExit(id, newTask().signal);
  await under.runtime.delete(id);
  const spec = await under.spec(id);
  await assert.rejects(under.runtime.create(newTask(), { id, spec, consoleLogPath: under.logPath(id) }), {
    code: 'timed-out',
  });
});

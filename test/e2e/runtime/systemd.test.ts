import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RootedFiles } from '../../../server/host/rooted-files.ts';
import { checkGuestInit, detectGuestInit } from '../../../server/runtime/guest-init.ts';
import { eventually, idMap, newTask, RuntimeUnderTest } from './harness.ts';
import { makeSystemdRoot } from './systemd-root.ts';

test('Debian 12 boots without a failed unit, runs sandboxed services and halts', { timeout: 300_000 }, async () => {
  await using under = await RuntimeUnderTest.open();
  const { runtime } = under;
  const id = randomUUID();
  await makeSystemdRoot(under.rootPath(id), idMap);
  using root = RootedFiles.open(under.rootPath(id));
  const init = detectGuestInit(root);
  checkGuestInit(init);
  assert.deepEqual([init.kind, init.version], ['systemd', 252]);
  await runtime.create(newTask(), { id, spec: await under.spec(id), consoleLogPath: under.logPath(id) });
  await runtime.start(newTask(), id);
  await under.seen(id, 'login: ');

  const inside = async (command: string) => {
    const path = join(under.directory, randomUUID());
    const file = openSync(path, 'w');
    const argv = ['/bin/sh', '-c', `exec >&3 2>&1; ${command}; echo "status $?"`];
    await runtime.exec(newTask(), id, { argv, env: { PATH: '/usr/bin:/usr/sbin' }, fds: [file] });
    closeSync(file);
    return eventually(command, () => {
      const text = readFileSync(path, 'utf8');
      return /status \d+\n$/.test(text) ? text : undefined;
    });
  };
  assert.equal(await inside('systemctl is-system-running --wait'), 'running\nstatus 0\n');
  assert.equal(await inside('systemctl --failed --no-legend --plain'), 'status 0\n');
  assert.equal(await inside('systemd-detect-virt'), 'lxc\nstatus 0\n');
  assert.equal(await inside('cat /etc/machine-id'), `${id.replaceAll('-', '')}\nstatus 0\n`);
  const sandbox = [
    'PrivateTmp',
    'PrivateDevices',
    'PrivateNetwork',
    'PrivateUsers',
    'DynamicUser',
    'ProtectKernelTunables',
  ];
  const options = sandbox.map((name) => `-p ${name}=yes`).join(' ');
  assert.match(await inside(`systemd-run --quiet --wait ${options} -p ProtectSystem=strict /bin/true`), /^status 0\n$/);
  assert.match(
    await inside('systemd-run --quiet --wait -p LoadCredential=x:/etc/os-release /bin/true'),
    /^status 0\n$/,
  );

  const exit = runtime.waitExit(id, newTask().signal);
  assert.deepEqual(init.halt, { kind: 'signals', signals: ['SIGRTMIN+3'] });
  await runtime.kill(id, 'SIGRTMIN+3');
  assert.deepEqual(await exit, { kind: 'powered-off' });
  await runtime.delete(id);
  assert.deepEqual(
    under.traces(id).filter((trace) => !trace.startsWith('process')),
    [],
  );
});

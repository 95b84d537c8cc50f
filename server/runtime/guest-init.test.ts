import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { RootedFiles } from '../host/rooted-files.ts';
import { checkGuestInit, detectGuestInit } from './guest-init.ts';

/** A root with these files; a value that begins with `->` is a link. */
function withRoot<T>(files: Readonly<Record<string, string>>, use: (root: RootedFiles, path: string) => T): T {
  const path = mkdtempSync(join(tmpdir(), 'yurt-runtime-root-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(path, dirname(name)), { recursive: true });
      if (content.startsWith('->')) symlinkSync(content.slice(2), join(path, name));
      else writeFileSync(join(path, name), content);
    }
    using root = RootedFiles.open(path);
    return use(root, path);
  } finally {
    rmSync(path, { recursive: true });
  }
}

const detect = (files: Readonly<Record<string, string>>) => withRoot(files, detectGuestInit);
const signals = (...names: string[]) => ({ kind: 'signals', signals: names });

test('systemd is found behind merged-usr links, with its version', () => {
  const init = detect({
    lib: '->usr/lib',
    sbin: '->usr/sbin',
    'usr/sbin/init': '->/lib/systemd/systemd',
    'usr/lib/systemd/systemd': 'ELF',
    'usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so': '',
  });
  assert.deepEqual(init, {
    kind: 'systemd',
    version: 252,
    path: '/usr/lib/systemd/systemd',
    halt: signals('SIGRTMIN+3'),
  });
  checkGuestInit(init);
});

test('versions with a distribution suffix are read', () => {
  const files = { 'sbin/init': '->../usr/lib/systemd/systemd', 'usr/lib/systemd/systemd': 'ELF' };
  const init = detect({ ...files, 'usr/lib64/systemd/libsystemd-shared-258.1-2.fc43.so': '' });
  assert.equal(init.version, 258);
  checkGuestInit(init);
});

test('a systemd that cannot use cgroup v2 is refused with the way out', () => {
  const files = { 'sbin/init': '->../lib/systemd/systemd', 'lib/systemd/systemd': 'ELF' };
  const named = { code: 'unsupported', message: /systemd 231 .*version 1.*systemd 232 or newer/ };
  assert.throws(() => checkGuestInit(detect({ ...files, 'lib/systemd/libsystemd-shared-231.so': '' })), named);
  assert.throws(() => checkGuestInit(detect(files)), { code: 'unsupported', message: /older than 231/ });
});

test('each kind of init is asked to halt in its own way', () => {
  assert.deepEqual(detect({ 'sbin/init': '->/bin/busybox', 'bin/busybox': 'x' }).halt, signals('SIGUSR2'));
  assert.deepEqual(detect({ 'sbin/init': 'ELF BusyBox v1.35.0' }).kind, 'busybox');
  const openrc = { 'sbin/init': '->openrc-init', 'sbin/openrc-init': 'x' };
  assert.deepEqual(detect(openrc).halt, signals('SIGPWR'));
  assert.deepEqual(detect({ ...openrc, 'sbin/openrc-shutdown': 'x' }).halt, {
    kind: 'command',
    argv: ['/sbin/openrc-shutdown', '--poweroff', 'now'],
  });
  assert.deepEqual(detect({ 'sbin/init': 'ELF' }).halt, signals('SIGPWR', 'SIGTERM'));
  const command = { kind: 'command', argv: ['/sbin/init', '0'] };
  assert.deepEqual(detect({ 'sbin/init': '->runit-init', 'sbin/runit-init': 'x' }).halt, command);
  assert.deepEqual(detect({ 'sbin/init': 'ELF /dev/initctl' }), {
    kind: 'sysvinit',
    path: '/sbin/init',
    halt: command,
  });
});

test('a root of busybox and OpenRC, whose init is busybox, is asked as busybox is', () => {
  const applets = { sbin: '->usr/sbin', 'usr/sbin/init': '->/bin/busybox', 'bin/busybox': 'BusyBox v1.37.0' };
  const openrc = { 'usr/sbin/openrc': 'x', 'usr/sbin/openrc-shutdown': 'x', 'usr/sbin/openrc-init': 'x' };
  const init = detect({ ...applets, ...openrc, 'etc/inittab': '::shutdown:/sbin/openrc shutdown\n' });
  assert.deepEqual(init, { kind: 'busybox', path: '/bin/busybox', halt: signals('SIGUSR2') });
  checkGuestInit(init);
  // A package of its own for the binary, as newer releases of such distributions have it.
  assert.equal(detect({ 'sbin/init': '->../bin/busybox-extras', 'bin/busybox-extras': 'x' }).kind, 'busybox');
});

test('sysvinit gets the power failure signal only where its table halts on it', () => {
  const withTable = (table: string) => detect({ 'sbin/init': 'ELF /run/initctl', 'etc/inittab': table }).halt.kind;
  assert.equal(withTable('p0::powerfail:/sbin/init 0\n'), 'signals');
  assert.equal(withTable('pf::powerwait:/sbin/shutdown -t1 -h now\n'), 'signals');
  assert.equal(withTable('pf::powerwait:/etc/init.d/powerfail start\n'), 'command');
  assert.equal(withTable('#p0::powerfail:/sbin/init 0\n'), 'command');
  assert.equal(withTable('x'.repeat(1_000_000)), 'command');
});

test('a root without a usable init is refused', () => {
  for (const files of [{ 'etc/passwd': '' }, { 'sbin/init': '->/nowhere' }, { 'sbin/init': '->init' }]) {
    assert.throws(() => detect(files), { code: 'invalid', message: /no \/sbin\/init/ });
  }
  assert.throws(() => detect({ 'sbin/init/x': '' }), { code: 'invalid', message: /not a program/ });
});

test('links that point out of the root, fifos and devices lead nowhere', () => {
  assert.throws(() => detect({ 'sbin/init': `->${process.execPath}` }), { code: 'invalid' });
  assert.throws(() => detect({ 'sbin/init': `->../../../../../..${process.execPath}` }), { code: 'invalid' });
  withRoot({ 'sbin/x': '', secret: '->/etc/shadow', up: '->../../../../etc/shadow' }, (root, path) => {
    execFileSync('mkfifo', [join(path, 'sbin/init')]);
    assert.throws(() => detectGuestInit(root), { code: 'invalid', message: /not a program/ });
    assert.throws(() => root.readHead('/sbin/init', 10), { code: 'invalid', message: /not a regular file/ });
    assert.equal(root.readText('/secret', 100), undefined);
    assert.equal(root.readText('/up', 100), undefined);
    assert.equal(root.readLink('/secret'), '/etc/shadow');
    assert.throws(() => root.stat('a\0b'), { code: 'invalid' });
    assert.equal(root.resolve('/sbin/..'), '/');
    assert.deepEqual(root.list('/sbin', 1)?.length, 1);
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { idMap, newTask, RuntimeUnderTest } from './harness.ts';

const bound = { timeout: 60_000 };

test(
  'init has three descriptors, whatever the server has open, and an id that is nobody on the host',
  bound,
  async () => {
    const open = Array.from({ length: 100 }, () => openSync('/', 'r'));
    try {
      await using under = await RuntimeUnderTest.open();
      const id = await under.boot();
      const pid = (await under.runtime.state(id))?.pid ?? 0;
      assert.deepEqual(readdirSync(`/proc/${pid}/fd`), ['0', '1', '2']);
      assert.equal(readlinkSync(`/proc/${pid}/cwd`), '/');
      const map = `0 ${idMap.hostBase} ${idMap.size}`;
      for (const name of ['uid_map', 'gid_map']) {
        assert.equal(readFileSync(`/proc/${pid}/${name}`, 'utf8').trim().replaceAll(/\s+/g, ' '), map);
      }
    } finally {
      for (const fd of open) closeSync(fd);
    }
  },
);

test('settings of its own namespaces can be written, those of the host cannot', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  const write = (path: string, value: string) => under.shell(id, `(echo '${value}' > ${path}) 2>/dev/null`);
  for (const path of ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/kernel/shm_rmid_forced']) {
    assert.equal(await write(path, '1'), 'END 0', path);
  }
  assert.equal(await under.shell(id, 'hostname renamed; hostname'), 'renamed\nEND 0');
  assert.equal(
    await under.shell(id, 'mkdir /sys/fs/cgroup/mine; ls -d /sys/fs/cgroup/mine'),
    '/sys/fs/cgroup/mine\nEND 0',
  );
  const ofTheHost = [
    '/proc/sys/kernel/core_pattern',
    '/proc/sys/kernel/modprobe',
    '/proc/sys/kernel/panic',
    '/proc/sys/vm/swappiness',
    '/proc/sys/vm/drop_caches',
    '/proc/sys/fs/file-max',
    '/proc/sysrq-trigger',
    '/proc/1/oom_score_adj -1000', // its own is a lower one only with a capability on the host
    '/sys/fs/cgroup/cgroup.freeze',
    '/sys/fs/cgroup/cgroup.max.descendants',
    '/sys/kernel/mm/transparent_hugepage/enabled',
    '/sys/power/state',
  ];
  for (const entry of ofTheHost) {
    const [path = '', value = '1'] = entry.split(' ');
    assert.equal(await write(path, value), 'END 1', path);
  }
  for (const path of ['/proc/kcore', '/proc/kmsg', '/dev/mem', '/dev/kmsg']) {
    assert.match(await under.shell(id, `dd if=${path} of=/dev/null bs=1 count=1 2>/dev/null`), /END [1-9]/, path);
  }
});

test('a control group of version 1 mounted inside gives no way to a program on the host', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  await under.shell(
    id,
    'mkdir -p /tmp/cg; for c in memory pids devices freezer; do mount -t cgroup -o $c cg /tmp/cg 2>/dev/null && break; done',
  );
  for (const file of ['release_agent', 'notify_on_release', 'cgroup.procs', 'devices.allow']) {
    const attempt = `f=/tmp/cg/${file}; [ ! -e $f ] || ! (echo 1 > $f) 2>/dev/null`; // a host without v1 has nothing to mount
    assert.equal(await under.shell(id, attempt), 'END 0', file);
  }
  assert.equal(await under.shell(id, '[ ! -e /tmp/cg/cgroup.procs ] || ! mkdir /tmp/cg/sub 2>/dev/null'), 'END 0');
});

test('no device node can be made or reached', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  assert.match(await under.shell(id, 'mknod /tmp/null c 1 3 2>/dev/null'), /END 1/);
  assert.match(await under.shell(id, 'mknod /dev/sda b 8 0 2>/dev/null'), /END 1/);
  const nodes = await under.shell(id, 'for n in /dev/*; do [ -c $n -o -b $n ] && echo $n; done; true');
  const expected = 'console full null ptmx random stderr stdin stdout tty urandom zero'.split(' '); // std… are links to the console
  assert.deepEqual(
    nodes.split('\n').slice(0, -1),
    expected.map((name) => `/dev/${name}`),
  );
  for (const name of ['null', 'zero', 'full', 'random', 'urandom']) {
    assert.equal(await under.shell(id, `dd if=/dev/${name} bs=1 count=0 2>/dev/null; echo x > /dev/null`), 'END 0');
  }
});

test('calls of the deny list fail as its table says', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  await under.shell(id, 'mkdir -p /tmp/m; mount -t tmpfs none /tmp/m');
  assert.match(await under.shell(id, 'umount -f /tmp/m'), /Permission denied\nEND 1/);
  assert.equal(await under.shell(id, 'umount /tmp/m'), 'END 0');
  assert.match(await under.shell(id, 'insmod /bin/busybox'), /Operation not permitted\nEND 1/);
  assert.match(await under.shell(id, 'rmmod dummy'), /Operation not permitted\nEND 1/);
});

test('what systemd and nested containers mount can be mounted', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  await under.shell(id, 'mkdir -p /tmp/m');
  for (const type of ['proc', 'sysfs -o ro', 'tmpfs', 'devpts', 'mqueue', 'cgroup2']) {
    assert.equal(await under.shell(id, `mount -t ${type} none /tmp/m && umount /tmp/m`), 'END 0', type);
  }
  const nested = 'unshare -U -r -m -p -f -n -u -i sh -c "mount -t proc proc /proc && echo nested"';
  assert.equal(await under.shell(id, nested), 'nested\nEND 0');
});

test('a root whose own directories are links or files does not redirect a mount', bound, async () => {
  for (const trap of ['proc', 'dev', 'sys', 'run']) {
    await using under = await RuntimeUnderTest.open();
    const id = randomUUID();
    const spec = await under.spec(id);
    rmSync(join(under.rootPath(id), trap), { recursive: true });
    symlinkSync('/etc', join(under.rootPath(id), trap));
    const request = { id, spec, consoleLogPath: under.logPath(id) };
    const outcome = await under.runtime.create(newTask(), request).then(
      () => 'created',
      () => 'refused',
    );
    const trapped = readdirSync(`${under.rootPath(id)}/etc`).toSorted();
    assert.deepEqual(trapped, ['inittab', 'passwd'], `${trap}: ${outcome}`);
  }
});

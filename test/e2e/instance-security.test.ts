import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { run } from '../../server/host/run.ts';
import { Daemon } from './harness/daemon.ts';
import { template } from './harness/template.ts';

const longMs = 4 * 60_000;

describe('the keys of security and the kernel', () => {
  let yurt: Daemon;

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  async function sh(name: string, script: string) {
    return await yurt.yurt(['exec', name, '--', 'sh', '-c', script]);
  }

  async function launch(name: string, config: Record<string, string>) {
    const pairs = Object.entries(config).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    return await yurt.yurt(['launch', 'tiny', name, ...pairs]);
  }

  it('limits.kernel.* hold for init and what it starts, and not for the agent', { timeout: longMs }, async () => {
    const limits = {
      'limits.kernel.nofile': '100:2000',
      'limits.kernel.core': '0:unlimited',
      'limits.kernel.as': '1000000000',
    };
    const result = await launch('kernel', limits);
    assert.equal(result.exitCode, 0, result.stderr);
    const { stdout } = await sh('kernel', 'cat /proc/1/limits');
    assert.match(stdout, /^Max open files +100 +2000 /m);
    assert.match(stdout, /^Max core file size +0 +unlimited /m);
    assert.match(stdout, /^Max address space +1000000000 +1000000000 /m);
  });

  it('a kernel limit above what yurtd may give is refused before anything starts', { timeout: longMs }, async (t) => {
    const status = readFileSync('/proc/self/status', 'utf8');
    const capabilities = BigInt(`0x${/^CapEff:\s+(\S+)/m.exec(status)?.[1] ?? '0'}`);
    if ((capabilities >> 24n) & 1n) {
      t.diagnostic('this host has CAP_SYS_RESOURCE: more may be given');
      return;
    }
    const result = await launch('greedy', { 'limits.kernel.nofile': 'unlimited' });
    assert.equal(result.exitCode, 1);
    assert.match(result.stderr, /limits\.kernel\.nofile: yurtd itself is limited to \d+ .*CAP_SYS_RESOURCE/);
  });

  it('sysctls of the namespaces are set, and others refused with the reason', { timeout: longMs }, async () => {
    await launch('tuned', { 'linux.sysctl.net.ipv4.ip_forward': '1', 'linux.sysctl.kernel.shmmax': '65536' });
    assert.equal((await sh('tuned', 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax')).stdout, '1\n65536\n');
    const result = await launch('untuned', { 'linux.sysctl.vm.swappiness': '1' });
    assert.match(result.stderr, /the kernel has it once for all/);
  });

  it('denied system calls fail as if there were none of them', { timeout: longMs }, async () => {
    await launch('denied', { 'security.syscalls.deny': 'mkdir\nmkdirat' });
    const { stderr } = await sh('denied', 'mkdir /tmp/x');
    assert.match(stderr, /Function not implemented/);
  });

  it('a list of system calls that is too short for init is named when the start fails', {
    timeout: longMs,
  }, async () => {
    const { exitCode, stderr } = await launch('short', { 'security.syscalls.allow': 'read' });
    assert.equal(exitCode, 1);
    assert.match(stderr, /Init cannot be started, probably because of security\.syscalls\.allow: it must name all/);
    await yurt.ok('config', 'unset', 'short', 'security.syscalls.allow');
    await yurt.ok('start', 'short');
  });

  it('raw.oci reaches the container, and cannot touch its root', { timeout: longMs }, async () => {
    await launch('patched', { 'raw.oci': '{"process":{"noNewPrivileges":true}}' });
    assert.match((await sh('patched', 'cat /proc/1/status')).stdout, /^NoNewPrivs:\t1$/m);
    const result = await launch('escaped', { 'raw.oci': '{"root":{"path":"/"}}' });
    assert.match(result.stderr, /leaves "root" alone/);
  });

  it('files keep their owners when the ids on the host change', { timeout: longMs }, async () => {
    await launch('moved', {});
    await sh('moved', 'touch /owned && chown 5000:6000 /owned && chmod 4755 /owned');
    const map = async () => (await sh('moved', 'cat /proc/self/uid_map')).stdout.trim().split(/\s+/).map(Number);
    const before = await map();
    await yurt.ok('config', 'set', 'moved', 'security.idmap.size=200000');
    await yurt.ok('restart', 'moved', '--force');
    const [inside, base, size] = await map();
    assert.deepEqual([inside, size], [0, 200_000]);
    assert.notEqual(base, before[1]);
    assert.equal((await sh('moved', 'stat -c "%u %g %a" /owned')).stdout, '5000 6000 4755\n');
    await yurt.ok('config', 'set', 'moved', 'security.idmap.size=65536', 'security.protection.shift=true');
    await yurt.ok('stop', 'moved', '--force');
    assert.match((await yurt.yurt(['start', 'moved'])).stderr, /security\.protection\.shift is true/);
  });

  it('raw.idmap makes ids of the host of some, and files keep the owners that they have inside', {
    timeout: longMs,
  }, async () => {
    await launch('punched', {});
    await sh('punched', 'touch /old && chown 1000:1000 /old');
    await yurt.ok('config', 'set', 'punched', 'raw.idmap=both 1000 1000');
    await yurt.ok('restart', 'punched', '--force');
    assert.match((await sh('punched', 'cat /proc/self/uid_map')).stdout, /^\s*1000\s+1000\s+1$/m);
    const owners = async () =>
      (await sh('punched', 'touch /new; chown 1000:1000 /new; stat -c "%u %g" /old /new')).stdout;
    assert.equal(await owners(), '1000 1000\n1000 1000\n');
    const found = await run(['find', `${yurt.directory}/storage`, '-name', 'new', '-uid', '1000', '-gid', '1000']);
    assert.match(found.stdout, /\/new\n$/);
    await yurt.ok('config', 'unset', 'punched', 'raw.idmap');
    await yurt.ok('restart', 'punched', '--force');
    assert.equal(await owners(), '1000 1000\n1000 1000\n');
    const refused = await yurt.yurt(['config', 'set', 'punched', 'raw.idmap=both 0 5']);
    assert.match(refused.stderr, /none of them 0/);
  });

  it('a privileged instance is root of the host without its devices and settings, and can become an ordinary one', {
    timeout: longMs,
  }, async () => {
    await launch('root', { 'security.privileged': 'true' });
    assert.match(yurt.log, /a privileged instance: its root is root of this host/);
    assert.match((await sh('root', 'cat /proc/self/uid_map')).stdout, /^\s*0\s+0\s+4294967295$/m);
    await sh('root', 'mknod /disk b 8 0; touch /mine; chown 5000 /mine');
    assert.match((await sh('root', 'cat /disk')).stderr, /Operation not permitted/);
    assert.match((await sh('root', 'echo 1 > /proc/sys/vm/swappiness')).stderr, /Read-only file system/);
    assert.equal((await sh('root', 'cat /proc/kcore')).stdout, '');
    await yurt.ok('config', 'unset', 'root', 'security.privileged');
    await yurt.ok('restart', 'root', '--force');
    assert.doesNotMatch((await sh('root', 'cat /proc/self/uid_map')).stdout, /4294967295/);
    assert.equal((await sh('root', 'stat -c %u /mine')).stdout, '5000\n');
  });

  it('of v1 hierarchies it may mount nothing but its own part, and write nothing there', {
    timeout: longMs,
  }, async () => {
    // CVE-2022-0492: whoever can write the release_agent of a hierarchy runs a program as root of the host.
    const look = [
      'mkdir -p /v1',
      'for c in memory cpu pids devices freezer; do',
      '  mount -t cgroup -o $c none /v1 || continue',
      '  ls /v1/release_agent && echo "agent of $c"',
      '  for f in cgroup.procs notify_on_release memory.limit_in_bytes pids.max cpu.cfs_quota_us devices.allow freezer.state; do',
      '    [ -e /v1/$f ] && echo 1 > /v1/$f && echo "wrote $f"',
      '  done',
      '  mkdir /v1/below && echo "made one in $c"',
      '  umount /v1',
      'done; true',
    ].join('\n');
    for (const script of [look, `unshare -Urm sh -c '${look}'`]) {
      assert.equal((await sh('kernel', script)).stdout, '');
    }
  });

  it('protection refuses what it names, and only that', { timeout: longMs }, async () => {
    await launch('kept', { 'security.protection.delete': 'true' });
    const refused = await yurt.yurt(['delete', 'kept', '--force']);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /"kept" is protected: unset security\.protection\.delete/);
    await yurt.ok('config', 'set', 'kept', 'security.protection.start=true', 'security.protection.delete=false');
    await yurt.ok('stop', 'kept', '--force');
    assert.match((await yurt.yurt(['start', 'kept'])).stderr, /security\.protection\.start is true/);
    await yurt.ok('delete', 'kept');
  });

  it('what yurt remembers cannot be set', { timeout: longMs }, async () => {
    const result = await launch('liar', { 'volatile.base_image': 'x' });
    assert.match(result.stderr, /volatile\.base_image is what yurt itself remembers/);
  });
});

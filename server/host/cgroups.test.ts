import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cgroups } from './cgroups.ts';

const mount = (path: string, type: string, options: string) =>
  `40 35 0:34 / ${path} rw,nosuid shared:9 - ${type} none rw,${options}`;

test('a host with cgroup v2 alone', () => {
  const cgroups = Cgroups.parse(`${mount('/', 'ext4', 'x')}\n${mount('/sys/fs/cgroup', 'cgroup2', 'nsdelegate')}\n`);
  assert.equal(cgroups.layout, 'unified');
  assert.deepEqual(cgroups.paths('/yurt/d/i'), { unified: '/sys/fs/cgroup/yurt/d/i' });
});

test('a hybrid host, with controllers that share a mount', () => {
  const cgroups = Cgroups.parse(
    [
      mount('/sys/fs/cgroup/unified', 'cgroup2', 'nsdelegate'),
      mount('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'cpu,cpuacct'),
      mount('/sys/fs/cgroup/systemd', 'cgroup', 'xattr,name=systemd'),
    ].join('\n'),
  );
  assert.equal(cgroups.layout, 'hybrid');
  assert.deepEqual(cgroups.paths('/a'), {
    unified: '/sys/fs/cgroup/unified/a',
    cpu: '/sys/fs/cgroup/cpu,cpuacct/a',
    cpuacct: '/sys/fs/cgroup/cpu,cpuacct/a',
    'name=systemd': '/sys/fs/cgroup/systemd/a',
  });
});

test('a host without cgroup v2 says how to get it', () => {
  const cgroups = Cgroups.parse(mount('/sys/fs/cgroup/memory', 'cgroup', 'memory'));
  assert.equal(cgroups.layout, 'legacy');
  assert.throws(() => cgroups.unifiedPath('/a'), { code: 'unsupported', message: /mount -t cgroup2/ });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cgroups } from './cgroups.ts';
import { detectHostFeatures, type HostView, kernelIsAtLeast } from './host-features.ts';

const bare: HostView = {
  kernelVersion: '5.10.0',
  cgroups: new Cgroups('/sys/fs/cgroup', new Map()),
  read: async () => undefined,
  exists: async () => false,
  find: async () => undefined,
};

test('kernel versions are compared by number', () => {
  assert.ok(kernelIsAtLeast('6.1.0-13-amd64', '5.19'));
  assert.ok(kernelIsAtLeast('5.19.0', '5.19'));
  assert.ok(kernelIsAtLeast('6.18.44-fc-v769', '6.9'));
  assert.ok(!kernelIsAtLeast('5.4.0', '5.19'));
});

test('a bare host lacks each thing with a reason', async () => {
  const { features, facts } = await detectHostFeatures(bare);
  for (const [name, feature] of Object.entries(features)) {
    assert.equal(feature.present, name === 'cgroup2', name);
    assert.ok(feature.detail !== '' && feature.purpose !== '', name);
  }
  assert.equal(features.lxcfs.remedy, 'apt-get install lxcfs');
  const unknown = {
    lastCapability: 40,
    maxOpenFiles: 4096,
    oomScoreAdj: 0,
    memoryBytes: 0,
    rlimits: {},
    capabilities: 0n,
  };
  assert.deepEqual(facts, { arch: process.arch, ...unknown });
});

test('modules that are not loaded yet count, devices that are missing do not', async () => {
  const files: Record<string, string> = {
    '/proc/filesystems': 'nodev\tproc\n\text4\n\tbtrfs\n',
    '/lib/modules/5.10.0/modules.dep': 'kernel/fs/overlayfs/overlay.ko.xz:\n',
    '/proc/self/limits': 'Max open files            1024                 524288               files     \n',
    '/proc/self/oom_score_adj': '-900\n',
    '/proc/self/status': 'Name:\tnode\nCapEff:\t000001ffffffffff\n',
    '/proc/meminfo': 'MemTotal:        4096 kB\nMemFree:  12 kB\n',
    '/proc/sys/kernel/cap_last_cap': '39\n',
    '/sys/module/apparmor/parameters/enabled': 'Y\n',
  };
  const { features, facts } = await detectHostFeatures({
    ...bare,
    read: async (path) => files[path],
    exists: async (path) => path === '/dev/net/tun',
  });
  assert.equal(features.btrfs.detail, 'in the kernel');
  assert.equal(features.overlay.detail, 'as a module');
  assert.equal(features.fuse.remedy, 'modprobe fuse');
  assert.ok(features.tun.present && !features.fuse.present);
  assert.equal(features.apparmor.remedy, 'apt-get install apparmor');
  const read = {
    lastCapability: 39,
    maxOpenFiles: 524_288,
    oomScoreAdj: -900,
    memoryBytes: 4_194_304,
    rlimits: { nofile: 524_288 },
  };
  assert.deepEqual(facts, { arch: process.arch, ...read, capabilities: 0x1ffffffffffn });
});

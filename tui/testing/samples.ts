import type { Image } from '../../proto/gen/yurt/v1/Image.ts';
import type { Instance } from '../../proto/gen/yurt/v1/Instance.ts';

const root = { options: { type: 'disk', path: '/', pool: 'default' } };
const eth0 = { options: { type: 'nic', name: 'eth0', network: 'yurtbr0' } };

/** Instances in several states. */
export const instances: readonly Instance[] = [
  {
    name: 'web10',
    project: 'default',
    uuid: '11111111-2222-4333-8444-555555555555',
    status: 'INSTANCE_STATUS_RUNNING',
    architecture: 'x86_64',
    profiles: ['default', 'small'],
    config: { 'user.role': 'front' },
    expandedConfig: { 'limits.memory': '512MiB', 'security.privileged': 'true', 'user.role': 'front' },
    expandedDevices: { root, eth0 },
    createdAt: { seconds: 1_700_000_000 },
    lastUsedAt: { seconds: 1_700_086_400 },
    imageFingerprint: '0123456789abcdef'.repeat(4),
    imageDescription: 'Debian 12 (bookworm)',
    diskUsageBytes: 12_582_912,
    state: {
      pid: 4242,
      startedAt: { seconds: 1_700_086_400 },
      ready: true,
      initState: 'running',
      processCount: 17,
      cpuUsageNanoseconds: 3_700_000_000,
      memoryUsageBytes: 50_331_648,
      memoryPeakBytes: 67_108_864,
      memoryLimitBytes: 536_870_912,
      diskUsageBytes: 12_582_912,
      network: [
        {
          name: 'eth0',
          hostName: 'yurt1a2b3c4d',
          hwaddr: '00:16:3e:5b:21:a7',
          state: 'up',
          mtu: 1500,
          receivedBytes: 123_456,
          sentBytes: 789,
          addresses: [
            { family: 'inet', address: '10.83.19.204', prefixLength: 24, scope: 'global' },
            { family: 'inet6', address: 'fd42:9d1:77a0::204', prefixLength: 64, scope: 'global' },
            { family: 'inet6', address: 'fe80::216:3eff:fe5b:21a7', prefixLength: 64, scope: 'link' },
          ],
        },
        {
          name: 'lo',
          state: 'up',
          addresses: [{ family: 'inet', address: '127.0.0.1', prefixLength: 8, scope: 'local' }],
        },
      ],
    },
  },
  {
    name: 'web9',
    project: 'default',
    status: 'INSTANCE_STATUS_STOPPED',
    architecture: 'x86_64',
    ephemeral: true,
    profiles: ['default'],
    description: 'Next in line',
    expandedConfig: { 'user.role': 'front' },
    expandedDevices: { root },
    createdAt: { seconds: 1_700_000_060 },
    imageFingerprint: 'fedcba9876543210'.repeat(4),
    diskUsageBytes: 4096,
  },
  {
    name: 'db',
    project: 'default',
    status: 'INSTANCE_STATUS_FROZEN',
    architecture: 'aarch64',
    profiles: [],
    expandedConfig: {},
    expandedDevices: { data: { options: { type: 'disk', path: '/data', pool: 'big' } } },
    state: { pid: 77, network: [] },
  },
];

/** Text that wants to act upon a terminal, in every place that a server or an instance can write to. */
const evil = 'x\x1b[2J\x1b]52;c;ZXZpbA==\x07\x9b1mA\u202eB\r\nC';

export const hostileInstances: readonly Instance[] = [
  {
    name: evil,
    project: evil,
    uuid: evil,
    status: 'INSTANCE_STATUS_ERROR',
    statusDetail: evil,
    architecture: evil,
    description: evil,
    profiles: [evil],
    config: { [evil]: evil },
    expandedConfig: { 'user.evil': evil },
    expandedDevices: { root: { options: { type: 'disk', path: '/', pool: evil } } },
    imageFingerprint: evil,
    imageDescription: evil,
    state: {
      pid: 1,
      initState: evil,
      network: [
        {
          name: evil,
          hostName: evil,
          hwaddr: evil,
          state: evil,
          addresses: [{ family: 'inet', address: evil, scope: 'global' }],
        },
      ],
    },
  },
];

export const images: readonly Image[] = [
  {
    fingerprint: '0123456789abcdef'.repeat(4),
    project: 'default',
    aliases: [{ name: 'debian/12' }, { name: 'debian/bookworm' }],
    architecture: 'x86_64',
    sizeBytes: 91_700_000,
    createdAt: { seconds: 1_700_000_000 },
    properties: { description: 'Debian 12 (bookworm)', os: 'debian', release: '12' },
    recipe: 'debian',
  },
  {
    fingerprint: 'fedcba9876543210'.repeat(4),
    project: 'default',
    aliases: [],
    architecture: 'x86_64',
    sizeBytes: 1_200_000,
    createdAt: { seconds: 1_700_000_060 },
    lastUsedAt: { seconds: 1_700_100_000 },
    properties: { description: evil, [evil]: evil },
  },
];

import type { Instance, Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import type { InstanceState } from '../../../proto/gen/yurt/v1/InstanceState.ts';
import { complete } from './complete.ts';

export interface Sample {
  readonly name: string;
  readonly status: 'RUNNING' | 'FROZEN' | 'STOPPED';
  /** The last number of its address. */
  readonly address?: number;
  readonly memoryMiB?: number;
  readonly limitMiB?: number;
  /** Share of one processor. */
  readonly cpu?: number;
  readonly hours?: number;
}

const root = { options: { type: 'disk', path: '/', pool: 'default' } };
const eth0 = { options: { type: 'nic', name: 'eth0', network: 'yurtbr0' } };
const mebibyte = 1024 * 1024;

/** An instance as the server tells of it `second` seconds after `now`. */
export function sampleInstance(sample: Sample, now: number, second: number): Instance__Output {
  const { name, status, limitMiB } = sample;
  const limits: Record<string, string> = limitMiB === undefined ? {} : { 'limits.memory': `${limitMiB}MiB` };
  const instance: Instance = {
    ...{ name, project: 'default', uuid: `uuid-of-${name}`, description: '', status: `INSTANCE_STATUS_${status}` },
    ...{ etag: '', statusDetail: '', architecture: 'x86_64', ephemeral: false, profiles: ['default'], config: limits },
    ...{ devices: {}, expandedConfig: { ...limits, 'user.role': 'front' }, expandedDevices: { root, eth0 } },
    createdAt: { seconds: 1_770_000_000, nanos: 0 },
    lastUsedAt: { seconds: 1_771_000_000, nanos: 0 },
    imageFingerprint: '0f3a9c17d2b4e860'.repeat(4),
    imageDescription: 'Debian 12 (bookworm)',
    etag: '',
    state: status === 'STOPPED' ? null : stateOf(sample, now, second),
  };
  return complete<Instance__Output>('Instance', instance);
}

function stateOf(sample: Sample, now: number, second: number): InstanceState {
  const { address = 2, memoryMiB = 50, limitMiB = 0, cpu = 0, hours = 1 } = sample;
  const wave = 1 + 0.3 * Math.sin(second / 4 + address);
  return {
    ...{ pid: 4000 + address, ready: true, initState: 'running', processCount: 10 + address },
    startedAt: { seconds: now / 1000 - hours * 3600, nanos: 0 },
    memoryUsageBytes: Math.round(memoryMiB * mebibyte * (0.97 + wave / 100)),
    memoryPeakBytes: memoryMiB * mebibyte,
    memoryLimitBytes: limitMiB * mebibyte,
    cpuUsageNanoseconds: Math.round((second + (1 - Math.cos(second / 4))) * cpu * 1e9),
    diskUsageBytes: memoryMiB * 7 * mebibyte,
    network: [
      {
        ...{ name: 'eth0', hostName: `yurt${address}`, hwaddr: `00:16:3e:5b:21:${address}`, state: 'up', mtu: 1500 },
        ...{ receivedBytes: 100_000 + second * 4000, sentBytes: 50_000 + second * 900 },
        addresses: [
          { family: 'inet', address: `10.83.19.${address}`, prefixLength: 24, scope: 'global' },
          { family: 'inet6', address: `fd42:9d1:77a0::${address}`, prefixLength: 64, scope: 'global' },
        ],
      },
    ],
  };
}

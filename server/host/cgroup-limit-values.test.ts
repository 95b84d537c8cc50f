import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cgroupWrites, type ResourceLimits } from './cgroup-limit-values.ts';

const hybrid = new Set(['cpu', 'cpuacct', 'cpuset', 'memory', 'pids', 'blkio', 'name=systemd']);
const unified = new Set<string>();
const MiB = 2 ** 20;

/** `FILE=VALUE`, in their order; of several files the first. */
function written(legacy: ReadonlySet<string>, after: ResourceLimits, before: ResourceLimits = {}): string[] {
  return cgroupWrites(legacy, before, after).map(({ files }) => files[0]?.join('=') ?? '');
}

test('a new cgroup without limits needs no write', () => {
  assert.deepEqual(written(hybrid, {}), []);
  assert.deepEqual(written(unified, {}), []);
});

test('memory on v2: hard kills, soft reclaims', () => {
  const memory = { bytes: 64 * MiB, enforce: 'hard' as const };
  assert.deepEqual(written(unified, { memory, swapBytes: 64 * MiB }), [
    'memory.max=67108864',
    'memory.high=max',
    'memory.swap.max=67108864',
  ]);
  assert.deepEqual(written(unified, { memory: { ...memory, enforce: 'soft' }, swapBytes: 0 }), [
    'memory.max=max',
    'memory.high=67108864',
    'memory.swap.max=0',
  ]);
});

test('memory on v1: memory and swap together are never below memory alone', () => {
  const memory = { bytes: 100 * MiB, enforce: 'hard' as const };
  assert.deepEqual(written(hybrid, { memory, swapBytes: 100 * MiB }), [
    'memory.memsw.limit_in_bytes=-1',
    'memory.limit_in_bytes=104857600',
    'memory.soft_limit_in_bytes=94371840',
    'memory.memsw.limit_in_bytes=209715200',
    'memory.swappiness=60',
  ]);
  assert.deepEqual(written(hybrid, { memory: { ...memory, enforce: 'soft' } }).slice(1, 3), [
    'memory.limit_in_bytes=-1',
    'memory.soft_limit_in_bytes=104857600',
  ]);
});

test('no swap on v1 is a bound of both together, and no wish to swap', () => {
  const memory = { bytes: 100 * MiB, enforce: 'hard' as const };
  const values = written(hybrid, { memory, swapBytes: 0 });
  assert.deepEqual(values.slice(-2), ['memory.memsw.limit_in_bytes=104857600', 'memory.swappiness=0']);
  assert.deepEqual(written(hybrid, { swapBytes: 0 }).slice(-2), [
    'memory.memsw.limit_in_bytes=-1',
    'memory.swappiness=0',
  ]);
});

test('limits that are taken away become what a new cgroup has', () => {
  const all: ResourceLimits = {
    memory: { bytes: 64 * MiB, enforce: 'hard' },
    swapBytes: 0,
    processes: 100,
    cpuQuota: { quotaUs: 25_000, periodUs: 50_000 },
    cpuPercent: 50,
    cpuPriority: 3,
    diskPriority: 9,
  };
  assert.deepEqual(written(unified, {}, all), [
    'memory.max=max',
    'memory.high=max',
    'memory.swap.max=max',
    'pids.max=max',
    'cpu.max=max 100000',
    'cpu.weight=100',
    'io.weight=100',
  ]);
  assert.deepEqual(written(hybrid, {}, all), [
    'memory.memsw.limit_in_bytes=-1',
    'memory.limit_in_bytes=-1',
    'memory.soft_limit_in_bytes=-1',
    'memory.memsw.limit_in_bytes=-1',
    'memory.swappiness=60',
    'pids.max=max',
    'cpu.cfs_quota_us=-1',
    'cpu.cfs_period_us=100000',
    'cpu.cfs_quota_us=-1',
    'cpu.shares=1024',
    'blkio.weight=500',
  ]);
});

test('only controllers whose limits differ are written', () => {
  const before: ResourceLimits = { processes: 100, cpuPercent: 50 };
  assert.deepEqual(written(unified, { processes: 100, cpuPercent: 100 }, before), [
    'cpu.max=max 100000',
    'cpu.weight=100',
  ]);
  assert.deepEqual(written(hybrid, { ...before, processes: 7 }, before), ['pids.max=7']);
});

test('shares: the allowance scales the usual weight, the priority decides among equals, none falls to nothing', () => {
  assert.deepEqual(written(unified, { cpuPercent: 50, cpuPriority: 0 }).at(-1), 'cpu.weight=40');
  assert.deepEqual(written(hybrid, { cpuPercent: 50, cpuPriority: 0 }).at(-1), 'cpu.shares=502');
  assert.deepEqual(written(unified, { cpuPercent: 1, cpuPriority: 0 }).at(-1), 'cpu.weight=1');
  assert.deepEqual(written(hybrid, { cpuPercent: 1, cpuPriority: 0 }).at(-1), 'cpu.shares=2');
});

test('the usual disk priority is the weight that a new cgroup has anyway', () => {
  assert.deepEqual(written(unified, { diskPriority: 5 }), []);
  assert.deepEqual(cgroupWrites(hybrid, {}, { diskPriority: 10 })[0]?.files, [
    ['blkio.weight', '1000'],
    ['blkio.bfq.weight', '200'],
  ]);
  assert.deepEqual(written(unified, { diskPriority: 0 }), ['io.weight=10']);
});

test('a controller that v1 does not have is the one of v2, also on a hybrid host', () => {
  assert.deepEqual(written(new Set(['memory']), { processes: 9, cpuPercent: 200 }), [
    'pids.max=9',
    'cpu.max=max 100000',
    'cpu.weight=200',
  ]);
});

test('what was asked for names what is missing when the kernel lacks it; what was not goes without', () => {
  const purposes = (legacy: ReadonlySet<string>, limits: ResourceLimits) =>
    cgroupWrites(legacy, {}, limits).map(({ purpose }) => purpose);
  const memory = { bytes: 64 * MiB, enforce: 'hard' as const };
  assert.deepEqual(purposes(hybrid, { memory, swapBytes: 0 }), [undefined, 'memory', undefined, undefined, undefined]);
  assert.deepEqual(purposes(hybrid, { memory, swapBytes: 1 })[3], 'swap');
  assert.deepEqual(purposes(unified, { cpuQuota: { quotaUs: 1, periodUs: 2 } })[0], 'processor time');
});

test('huge pages are bounded by the size of a page', () => {
  assert.deepEqual(written(unified, { hugepages: { '2MB': 4 * MiB } }), ['hugetlb.2MB.max=4194304']);
  assert.deepEqual(written(new Set(['hugetlb']), { hugepages: { '1GB': 0 } }), ['hugetlb.1GB.limit_in_bytes=0']);
  assert.deepEqual(written(unified, {}, { hugepages: { '2MB': 1 } }), ['hugetlb.2MB.max=max']);
});

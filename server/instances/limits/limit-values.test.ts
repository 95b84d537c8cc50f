import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseCpuAllowance,
  parseMemory,
  parseProcessorList,
  parseProcessors,
  resourceLimitsOf,
} from './limit-values.ts';

const GiB = 2 ** 30;

test('memory is a size or a share of what the host has', () => {
  assert.equal(parseMemory('512MiB', 8 * GiB), 512 * 2 ** 20);
  assert.equal(parseMemory('25%', 8 * GiB), 2 * GiB);
  assert.equal((parseMemory('33%', 8 * GiB) ?? 1) % 65_536, 0);
  for (const wrong of ['0%', '101%', '-1%', '1.5%', '%', 'much', '']) {
    assert.equal(parseMemory(wrong, 8 * GiB), undefined, wrong);
  }
});

test('an allowance is a share, or a time in every period', () => {
  assert.deepEqual(parseCpuAllowance('50%'), { cpuPercent: 50 });
  assert.deepEqual(parseCpuAllowance('25ms/100ms'), { cpuQuota: { quotaUs: 25_000, periodUs: 100_000 } });
  assert.deepEqual(parseCpuAllowance('200ms/100ms'), { cpuQuota: { quotaUs: 200_000, periodUs: 100_000 } });
  for (const wrong of ['0%', '1001%', '50', '0ms/100ms', '1ms/0ms', '1ms/1001ms', '25/100', '25ms', '25ms/100']) {
    assert.equal(parseCpuAllowance(wrong), undefined, wrong);
  }
});

test('processors are counted or named', () => {
  assert.deepEqual(parseProcessors('2'), { kind: 'count', count: 2 });
  assert.deepEqual(parseProcessors('0-2,5'), { kind: 'set', processors: [0, 1, 2, 5] });
  assert.deepEqual(parseProcessors('1-1'), { kind: 'set', processors: [1] });
  assert.deepEqual(parseProcessors('3,1,1'), { kind: 'set', processors: [1, 3] });
  for (const wrong of ['0', '', '-1', '3-1', '1,', 'a', '0-99999', '9999', '1;2']) {
    assert.equal(parseProcessors(wrong), undefined, wrong);
  }
  assert.deepEqual(parseProcessorList(''), []);
});

test('without keys there is nothing to write, and swap is bounded only beside hard memory', () => {
  assert.deepEqual(resourceLimitsOf({}, GiB), {});
  const memory = { 'limits.memory': '64MiB' };
  assert.deepEqual(resourceLimitsOf(memory, GiB), {
    memory: { bytes: 67_108_864, enforce: 'hard' },
    swapBytes: 67_108_864,
  });
  assert.deepEqual(resourceLimitsOf({ ...memory, 'limits.memory.enforce': 'soft' }, GiB), {
    memory: { bytes: 67_108_864, enforce: 'soft' },
  });
  assert.equal(resourceLimitsOf({ ...memory, 'limits.memory.swap': 'false' }, GiB).swapBytes, 0);
  assert.equal(resourceLimitsOf({ ...memory, 'limits.memory.swap': '1GiB' }, GiB).swapBytes, GiB);
  assert.equal(resourceLimitsOf({ 'limits.memory.swap': 'no' }, GiB).swapBytes, 0);
});

test('the other keys are numbers', () => {
  const config = {
    'limits.processes': '100',
    'limits.cpu.priority': '0',
    'limits.disk.priority': '7',
    'limits.cpu.allowance': '10%',
    'limits.hugepages.2MB': '4MiB',
  };
  assert.deepEqual(resourceLimitsOf(config, GiB), {
    processes: 100,
    cpuPercent: 10,
    cpuPriority: 0,
    diskPriority: 7,
    hugepages: { '2MB': 4_194_304 },
  });
});

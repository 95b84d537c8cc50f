import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../base/fault.ts';
import { silentLog } from '../../base/log.ts';
import { Revert } from '../../base/revert.ts';
import { ownTask } from '../../base/task.ts';
import type { ResourceLimits } from '../../host/cgroup-limit-values.ts';
import type { LimitFiles } from '../../host/cgroup-limits.ts';
import type { HostFacts } from '../../host/host-features.ts';
import type { SysctlProbe } from '../../host/sysctl-probe.ts';
import type { Instance } from '../instance.ts';
import { LimitsApplier } from './limits-applier.ts';
import { ProcessorShares } from './processor-shares.ts';

/** A cgroup in memory whose every write counts; the one that `failAt` names fails halfway. */
class FakeFiles implements LimitFiles {
  limits: ResourceLimits = {};
  list: string | undefined;
  writes = 0;
  failAt = 0;
  readonly tried: unknown[] = [];

  async check(limits: ResourceLimits): Promise<void> {
    if (limits.diskPriority !== undefined) throw new Fault('unsupported', 'no io.weight');
  }

  async apply(_cgroup: string, _before: ResourceLimits, after: ResourceLimits): Promise<void> {
    this.writes += 1;
    if (this.writes === this.failAt) {
      this.limits = { ...this.limits, processes: 1 };
      throw new Fault('in-use', 'too much');
    }
    this.limits = after;
  }

  async setProcessors(_cgroup: string, list: string | undefined): Promise<void> {
    this.writes += 1;
    if (this.writes === this.failAt) throw new Fault('internal', 'cpuset');
    this.list = list;
  }

  async processors() {
    return { available: '0-3', isolated: '' };
  }
}

const instance = { uuid: 'i', name: 'web' } as Instance;
const host = { memoryBytes: 2 ** 33, rlimits: { nofile: 100 }, capabilities: 0n } as unknown as HostFacts;
const before = { config: { 'limits.memory': '64MiB', 'limits.cpu': '0-0' }, devices: {} };
const after = { config: { 'limits.memory': '128MiB', 'limits.processes': '5', 'limits.cpu': '1-2' }, devices: {} };

async function started() {
  const files = new FakeFiles();
  const cgroupOf = (uuid: string) => uuid;
  const processors = new ProcessorShares({ log: silentLog, files, cgroupOf });
  const sysctls: SysctlProbe = {
    check: async (settings) => {
      files.tried.push(settings);
    },
  };
  const applier = new LimitsApplier({ files, processors, cgroupOf, host, sysctls });
  await applier.start(instance, before);
  files.writes = 0;
  return { files, applier };
}

test('a change is what a start with it would have written', async () => {
  const { files, applier } = await started();
  await using revert = new Revert(silentLog);
  await applier.apply(ownTask(silentLog), revert, { instance, before, after });
  revert.commit();
  assert.equal(files.limits.memory?.bytes, 2 ** 27);
  assert.deepEqual([files.limits.processes, files.list], [5, '1-2']);
});

test('whichever step fails, the limits are what they were', async () => {
  const whole = await started();
  const was = structuredClone(whole.files.limits);
  {
    await using revert = new Revert(silentLog);
    await whole.applier.apply(ownTask(silentLog), revert, { instance, before, after });
    revert.commit();
  }
  const steps = whole.files.writes;
  assert.ok(steps >= 2);
  for (let failAt = 1; failAt <= steps + 1; failAt += 1) {
    const { files, applier } = await started();
    files.failAt = failAt > steps ? 0 : failAt; // at last none fails, and what comes afterwards does
    const change = async () => {
      await using revert = new Revert(silentLog);
      await applier.apply(ownTask(silentLog), revert, { instance, before, after });
      throw new Fault('conflict', 'the record was written since');
    };
    await assert.rejects(change());
    assert.deepEqual([files.limits, files.list], [was, '0'], `after step ${failAt}`);
  }
});

test('what the host cannot keep is refused before anything is written', async () => {
  const { files, applier } = await started();
  for (const [key, value] of [
    ['limits.disk.priority', '7'],
    ['limits.cpu', '0-9'],
    ['limits.kernel.nofile', '1000'],
  ]) {
    const wanted = { config: { [String(key)]: String(value) }, devices: {} };
    await assert.rejects(applier.check({ instance, before, after: wanted }), { code: 'unsupported' }, key);
  }
  assert.equal(files.writes, 0);
});

test('after the end its processors are nobody else’s loss', async () => {
  const { files, applier } = await started();
  await applier.release('i');
  await applier.adopt({ ...instance, uuid: 'j' }, { config: { 'limits.cpu': '1' }, devices: {} });
  assert.equal(files.list, '0');
});

test('kernel settings are tried out at the start, and when they change', async () => {
  const { files, applier } = await started();
  const forward = { config: { 'linux.sysctl.net.ipv4.ip_forward': '1' }, devices: {} };
  await applier.checkHost(forward);
  await applier.check({ instance, before, after: forward });
  await applier.check({ instance, before: forward, after: forward });
  await applier.check({ instance, before: forward, after: before });
  assert.deepEqual(files.tried, [{ 'net.ipv4.ip_forward': '1' }, { 'net.ipv4.ip_forward': '1' }]);
});

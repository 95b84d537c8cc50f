import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { KernelLimitFiles } from './cgroup-limits.ts';

const MiB = 2 ** 20;
const hard = (bytes: number) => ({ memory: { bytes, enforce: 'hard' as const } });

/** Directories that look like hierarchies; the kernel behind them is the end-to-end tests' business. */
describe('the files of limits', () => {
  let mount: string;
  const place = (name: string) => join(mount, 'yurt/d/i', name);
  const read = (name: string) => readFileSync(place(name), 'utf8').trim();
  const give = (files: Record<string, string>) => {
    for (const [name, value] of Object.entries(files)) {
      for (const directory of ['yurt/d', 'yurt/d/i']) {
        mkdirSync(join(mount, directory), { recursive: true });
        writeFileSync(join(mount, directory, name), value);
      }
    }
  };

  before(() => {
    mount = mkdtempSync(join(tmpdir(), 'yurt-limits-'));
    give({ 'memory.max': 'max', 'memory.high': 'max', 'memory.current': '0', 'pids.max': 'max' });
    give({ 'cpuset.cpus': '', 'cpuset.cpus.effective': '0-7', 'io.bfq.weight': '100' });
  });
  after(() => rmSync(mount, { recursive: true }));

  const unified = () => new KernelLimitFiles({ unified: mount, legacy: new Map() }, '/yurt/d');

  it('are written where the host has them, and back', async () => {
    const limits = { ...hard(64 * MiB), processes: 9, diskPriority: 10 };
    await unified().check(limits);
    await unified().apply('/yurt/d/i', {}, limits);
    assert.deepEqual([read('memory.max'), read('pids.max'), read('io.bfq.weight')], ['67108864', '9', '200']);
    await unified().apply('/yurt/d/i', limits, {});
    assert.deepEqual([read('memory.max'), read('pids.max'), read('io.bfq.weight')], ['max', 'max', '100']);
  });

  it('that the kernel lacks are named, unless nothing hangs on them', async () => {
    const quota = { cpuQuota: { quotaUs: 1_000, periodUs: 2_000 } };
    const missing = {
      code: 'unsupported',
      message: /cannot limit processor time: .*no cpu\.max \(cgroup controller cpu\)/,
    };
    await assert.rejects(unified().check(quota), missing);
    await assert.rejects(unified().apply('/yurt/d/i', {}, quota), missing);
    await unified().apply('/yurt/d/i', {}, { swapBytes: 0 }); // no memory.swap.max here
  });

  it('never lower memory below what is used', async () => {
    give({ 'memory.current': String(200 * MiB) });
    await assert.rejects(unified().apply('/yurt/d/i', {}, hard(64 * MiB)), {
      code: 'in-use',
      message: /67108864 bytes/,
    });
    assert.deepEqual([read('memory.max'), read('memory.high')], ['max', 'max']);
    await unified().apply('/yurt/d/i', {}, hard(256 * MiB));
    assert.equal(read('memory.max'), String(256 * MiB));
    give({ 'memory.current': '0', 'memory.max': 'max' });
  });

  it('confine to processors, or to none in particular, on either version', async () => {
    await unified().setProcessors('/yurt/d/i', '1,3');
    assert.equal(read('cpuset.cpus'), '1,3');
    await unified().setProcessors('/yurt/d/i', undefined);
    assert.equal(read('cpuset.cpus'), '0-7');
    assert.equal((await unified().processors()).available, '0-7');
    const legacy = new KernelLimitFiles({ unified: undefined, legacy: new Map([['cpuset', mount]]) }, '/yurt/d');
    await legacy.setProcessors('/yurt/d/i', '2');
    await legacy.setProcessors('/yurt/d/i', undefined);
    assert.equal(read('cpuset.cpus'), '0-7');
    const none = new KernelLimitFiles({ unified: undefined, legacy: new Map() }, '/yurt/d');
    await assert.rejects(none.setProcessors('/yurt/d/i', '0'), { code: 'unsupported' });
  });

  it('of a cgroup that is gone are a failure, and make nothing', async () => {
    await assert.rejects(unified().apply('/yurt/d/gone', {}, { processes: 9 }), { code: 'unsupported' });
  });
});

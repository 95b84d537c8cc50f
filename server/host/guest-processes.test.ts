import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Fault } from '../base/fault.ts';
import { argvsIn, GuestProcessTable, parseProcess } from './guest-processes.ts';
import { run } from './run.ts';

const fields = '5 5 0 0 -1 0 0 0 0 0 700 300 0 0 20 0 3 0 12345 0 0';

/** A directory like that of a cgroup with these processes. */
function cgroup(...pids: readonly number[]) {
  const directory = mkdtempSync(join(tmpdir(), 'yurt-cgroup-'));
  writeFileSync(join(directory, 'cgroup.procs'), pids.map((pid) => `${pid}\n`).join(''));
  return { directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}

describe('what /proc tells of a process', () => {
  it('is read whatever the process calls itself', () => {
    const status = 'Name:\tx)\\n(y\nUid:\t1 1000033 2 3\nGid:\t1 1000034 2 3\nNSpid:\t812 7\nVmRSS:\t  2048 kB\n';
    assert.deepEqual(parseProcess(`812 (x) R 1 (\n y) S ${fields}`, status), {
      ...{ name: 'x) R 1 (\n y', state: 'S', hostParent: 5, cpuNanoseconds: 1e10, threads: 3, startTicks: 12345 },
      ...{ pid: 7, hostUid: 1000033, hostGid: 1000034, memoryBytes: 2048 * 1024 },
    });
    assert.equal(parseProcess('', status), undefined);
    assert.equal(parseProcess('812 (x) S 1', status), undefined);
  });

  it('has its arguments, which may be empty and look like anything', () => {
    const record = (pid: number, word: string) => `/proc/${pid}/cmdline\0${word}\0`;
    const output = [record(7, 'sh'), record(7, ''), record(7, '/proc/8/cmdline\n'), record(9, 'x y')].join('');
    assert.deepEqual(
      [...argvsIn(output)],
      [
        [7, ['sh', '', '/proc/8/cmdline\n']],
        [9, ['x y']],
      ],
    );
  });
});

describe('the processes of a cgroup', () => {
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';

  it('are told with their arguments', async () => {
    using here = cgroup(process.pid);
    const { processes, truncated } = await new GuestProcessTable(run).list(
      { directory: here.directory, path: own },
      process.pid,
    );
    assert.equal(truncated, false);
    const [self] = processes;
    assert.ok(self !== undefined && processes.length === 1);
    assert.equal(self.hostPid, process.pid);
    assert.equal(self.uid, process.getuid?.());
    assert.ok(process.argv.at(-1)?.endsWith(self.argv.at(-1) ?? '?'));
    assert.ok(self.memoryBytes > 0 && self.cpuNanoseconds > 0 && self.threads > 0);
    assert.ok(Math.abs(self.startedAt.getTime() - (Date.now() - process.uptime() * 1000)) < 5000);
  });

  it('are only those that are in it: a number may be another process by the time it is looked at', async () => {
    using here = cgroup(process.pid, 4_194_300);
    const place = { directory: here.directory, path: '/of/somebody/else' };
    assert.deepEqual(await new GuestProcessTable(run).list(place, process.pid), { processes: [], truncated: false });
  });

  it('are told without arguments when these cannot be read in time', async () => {
    using here = cgroup(process.pid);
    const table = new GuestProcessTable(async () => {
      throw new Fault('timed-out', 'grep did not end');
    });
    const { processes } = await table.list({ directory: here.directory, path: own }, process.pid);
    assert.deepEqual(
      processes.map(({ argv }) => argv),
      [[]],
    );
  });

  it('are told when the program that reads their arguments does not even end by being killed', async () => {
    using here = cgroup(process.pid);
    let begun = 0;
    const table = new GuestProcessTable(async () => {
      begun += 1;
      return await new Promise(() => {});
    });
    for (const _attempt of [1, 2]) {
      const { processes } = await table.list({ directory: here.directory, path: own }, process.pid);
      assert.equal(processes.length, 1);
    }
    assert.equal(begun, 1);
  });

  it('are so many at most', async () => {
    const below = (pids: number) => Array.from({ length: pids }, (_, index) => 4_000_000 + index);
    using here = cgroup(...below(1001));
    mkdirSync(join(here.directory, 'more'));
    const { truncated } = await new GuestProcessTable(run).list({ directory: here.directory, path: own }, process.pid);
    assert.equal(truncated, true);
  });
});

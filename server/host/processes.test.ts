import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { ProcProcesses } from './processes.ts';

describe('processes of the host', () => {
  it('are known by their whole argument vector, and only while they run', async () => {
    const processes = new ProcProcesses();
    const argv = [process.execPath, '-e', 'setInterval(() => {}, 1e6); console.log("up")', 'own process'];
    const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = child.pid ?? 0;
    try {
      await once(child.stdout, 'data');
      assert.ok(processes.runs(pid, argv));
      assert.ok(!processes.runs(pid, argv.slice(0, -1)));
      assert.deepEqual(
        processes.find((words) => words.at(-1) === 'own process'),
        [{ pid, argv }],
      );
      assert.ok(!processes.signal(pid, ['other'], 'SIGKILL'));
      assert.ok(processes.signal(pid, argv, 'SIGTERM'));
      await once(child, 'exit');
      assert.ok(!processes.runs(pid, argv));
      assert.ok(!processes.signal(pid, argv, 'SIGKILL'));
    } finally {
      child.kill('SIGKILL');
    }
  });
});

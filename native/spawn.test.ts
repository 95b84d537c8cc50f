import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openPipe } from './pipe.ts';
import { type ProcessEnd, reapProcess, spawnProcess } from './spawn.ts';

async function endOf(pid: number): Promise<ProcessEnd> {
  for (;;) {
    const end = reapProcess(pid);
    if (end !== undefined) return end;
    await delay(2);
  }
}

/** Runs a shell script; its end and what it printed. */
async function shell(script: string, environment = {}): Promise<{ end: ProcessEnd; text: string }> {
  const { readEnd, writeEnd } = openPipe();
  const nothing = openSync('/dev/null', 'r');
  const argv = ['sh', '-c', script, 'ü'];
  const pid = spawnProcess({ path: '/bin/sh', argv, environment, fds: [nothing, writeEnd, writeEnd] });
  closeSync(nothing);
  closeSync(writeEnd);
  const text = readFileSync(readEnd, 'utf8');
  closeSync(readEnd);
  return { end: await endOf(pid), text };
}

describe('a process', () => {
  it('has the arguments, the environment and the descriptors that it was given', async () => {
    assert.deepEqual(await shell('echo "$0 $A"; echo error >&2', { A: 'b c' }), {
      end: { exitCode: 0 },
      text: 'ü b c\nerror\n',
    });
  });

  it('ends with a code or by a signal, of any kind', async () => {
    assert.deepEqual((await shell('exit 255')).end, { exitCode: 255 });
    assert.deepEqual((await shell('kill -9 $$')).end, { signal: 9 });
    assert.deepEqual((await shell('kill -40 $$')).end, { signal: 40 });
  });

  it('that cannot be started is an error with its name', () => {
    const request = { argv: ['x'], environment: {}, fds: [] };
    assert.throws(() => spawnProcess({ ...request, path: '/no/such/program' }), { code: 'ENOENT' });
    assert.throws(() => spawnProcess({ ...request, path: '/bin/true', argv: ['x'.repeat(300_000)] }), {
      code: 'E2BIG',
    });
    assert.throws(() => spawnProcess({ ...request, path: '/bin/true', fds: [1, 0] }), /would be overwritten/);
    assert.throws(() => reapProcess(process.pid), { code: 'ECHILD' });
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { ProcessesInMemory } from '../../host/processes-in-memory.ts';
import type { Run } from '../../host/run.ts';
import { Dnsmasq, dnsmasqFiles } from './dnsmasq.ts';

describe('dnsmasq', () => {
  let directory = '';
  let processes = new ProcessesInMemory();
  let starts = 0;
  let fails = false;
  const servers: Dnsmasq[] = [];

  /** A dnsmasq that goes to the background and writes its pid, as the real one does. */
  const run: Run = async (argv) => {
    starts += 1;
    if (fails) return { argv, exitCode: 2, stdout: '', stderr: 'dnsmasq: failed to create listening socket' };
    writeFileSync(dnsmasqFiles(directory).pidFile, `${processes.start(argv)}\n`);
    return { argv, exitCode: 0, stdout: '', stderr: '' };
  };
  const open = () => {
    const server = new Dnsmasq({
      directory,
      run,
      processes,
      log: silentLog,
      beforeStart: async () => {},
      watchMs: 1e9,
    });
    servers.push(server);
    return server;
  };
  const configurations = () => readdirSync(directory).filter((name) => name.endsWith('.conf'));
  const kill = () => processes.running.clear();

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'yurt-dnsmasq-'));
    processes = new ProcessesInMemory();
    starts = 0;
    fails = false;
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.unwatch();
    rmSync(directory, { recursive: true });
  });

  it('is started once, and found again by a later server', async () => {
    await open().ensure('domain=yurt\n', 'link 2');
    await open().ensure('domain=yurt\n', 'link 2');
    assert.equal(starts, 1);
    assert.deepEqual(configurations().length, 1);
    assert.equal(readFileSync(join(directory, configurations()[0] ?? ''), 'utf8'), 'domain=yurt\n');
  });

  it('is replaced when its configuration or its link is another', async () => {
    const server = open();
    await server.ensure('domain=yurt\n', 'link 2');
    await server.ensure('domain=lab\n', 'link 2');
    await server.ensure('domain=lab\n', 'link 3');
    assert.equal(starts, 3);
    assert.equal(processes.running.size, 1);
    assert.equal(configurations().length, 1);
  });

  it('is found without its pid file, and replaced', async () => {
    await open().ensure('domain=yurt\n', 'link 2');
    rmSync(dnsmasqFiles(directory).pidFile);
    await open().ensure('domain=yurt\n', 'link 2');
    assert.equal(processes.running.size, 1);
  });

  it('is not taken for a process that has its pid now', async () => {
    await open().ensure('domain=yurt\n', 'link 2');
    const [pid = 0] = [...processes.running.keys()];
    processes.running.set(pid, ['something', 'else']);
    await open().ensure('domain=yurt\n', 'link 2');
    assert.deepEqual(processes.running.get(pid), ['something', 'else']);
    assert.equal(processes.running.size, 2);
  });

  it('comes back when it dies, ever more slowly when it keeps dying, at once after a good while', async () => {
    const server = open();
    const begin = Date.now();
    await server.ensure('domain=yurt\n', 'link 2');
    const startsUntil = async (fromMs: number, toMs: number) => {
      const before = starts;
      for (let at = fromMs; at < toMs; at += 500) {
        kill();
        await server.look(begin + at);
      }
      return starts - before;
    };
    assert.equal(await startsUntil(1000, 1500), 1);
    assert.ok((await startsUntil(1500, 61_000)) <= 7);
    assert.ok((await startsUntil(61_000, 601_000)) <= 10);
    assert.equal(await startsUntil(700_000, 700_500), 1);
    await server.look(begin + 701_000);
    assert.equal(processes.running.size, 1);
  });

  it('tells why it does not come back, until it does', async () => {
    const server = open();
    await server.ensure('domain=yurt\n', 'link 2');
    assert.equal(server.trouble(), undefined);
    kill();
    fails = true;
    await server.look(Date.now() + 1000);
    assert.match(server.trouble() ?? '', /listening socket/);
    fails = false;
    await server.look(Date.now() + 600_000);
    assert.equal(server.trouble(), undefined);
    await assert.rejects(async () => {
      fails = true;
      await open().ensure('domain=other\n', 'link 2');
    }, /listening socket/);
  });

  it('reads again on request, and leaves nothing when stopped', async () => {
    const server = open();
    await server.ensure('domain=yurt\n', 'link 2');
    server.reload();
    assert.match(processes.signals.join(), /^SIGHUP \d+$/);
    writeFileSync(dnsmasqFiles(directory).leaseFile, '');
    await server.stop();
    await server.stop();
    server.reload();
    await server.look(Date.now() + 1e9);
    assert.equal(processes.running.size, 0);
    assert.deepEqual(readdirSync(directory), []);
  });

  it('has its log cut when it grows', async () => {
    const server = open();
    await server.ensure('domain=yurt\n', 'link 2');
    writeFileSync(dnsmasqFiles(directory).logFile, Buffer.alloc(2 * 1024 * 1024));
    await server.look();
    assert.equal(readFileSync(dnsmasqFiles(directory).logFile).length, 0);
  });
});

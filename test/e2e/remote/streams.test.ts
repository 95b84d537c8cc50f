import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type KeyPair, makeKeyPair } from '../../../proto/remote/certificate.ts';
import { Daemon, projectRoot } from '../harness/daemon.ts';
import { eventually } from '../harness/eventually.ts';
import { template } from '../harness/template.ts';
import type { ManyStreams, StreamsOutcome } from './many-streams.ts';

const longMs = 6 * 60_000;
const reading = 150;
const stalled = 50;
const instances = ['s0', 's1', 's2', 's3'];
const maxServerBytes = 300 * 1024 * 1024;

describe('two hundred commands at once over the network, fifty of which nobody reads', { timeout: longMs }, () => {
  let yurt: Daemon;
  let pair: KeyPair;

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('config', 'set', 'core.https_address=127.0.0.1:8443');
      pair = await makeKeyPair({ commonName: 'many', use: 'client' });
      await yurt.yurt(['config', 'trust', 'add-certificate', '-', '--name', 'many'], { input: pair.certificatePem });
      for (const name of instances) await yurt.ok('launch', 'tiny', name);
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  /** The most that the server has ever had in memory. */
  function peakBytes(): number {
    const [, kilobytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${yurt.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  }

  for (const connections of [1, 4]) {
    it(`give the other 150 their right bytes, in bounded memory, over ${connections} connections`, {
      timeout: longMs,
    }, async (context) => {
      const job: ManyStreams = {
        ...{ address: '127.0.0.1:8443', instances, connections, reading, stalled, bytes: 300_000 },
        serverCertificate: readFileSync(join(yurt.directory, 'state/server.crt'), 'utf8'),
        ...{ certificate: pair.certificatePem, key: pair.keyPem },
      };
      const program = [join(projectRoot, 'bin/node'), join(import.meta.dirname, 'many-streams.ts')];
      let done = false;
      const running = yurt.inNetwork(program, { input: JSON.stringify(job) }).finally(() => (done = true));
      let local = 0;
      while (!done) {
        await yurt.ok('list', '--fast');
        local += 1;
      }
      const { stdout, stderr } = await running;
      assert.notEqual(stdout, '', stderr);
      const outcome: StreamsOutcome = JSON.parse(stdout);
      assert.deepEqual(outcome, { right: reading, wrong: [] });
      assert.ok(local >= 3, `the local socket answered ${local} times`);
      context.diagnostic(`the server had ${Math.round(peakBytes() / 1024 / 1024)} MiB at most`);
      assert.ok(peakBytes() < maxServerBytes, `${peakBytes()} bytes`);
    });
  }

  it('leave nothing running', async () => {
    for (const name of instances) {
      await eventually(async () => {
        assert.notEqual((await yurt.yurt(['exec', name, '--', 'pidof', 'cat'])).exitCode, 0);
      });
    }
  });
});

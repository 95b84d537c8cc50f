import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { SlaacWatch } from './slaac-watch.ts';

/** A probe that a test answers. */
function manualProbe() {
  const asked: { address: string; answer: (there: boolean) => void; aborted: () => boolean }[] = [];
  const probe = (address: string, signal: AbortSignal) => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    signal.addEventListener('abort', () => resolve(false), { once: true });
    asked.push({ address, answer: resolve, aborted: () => signal.aborted });
    return promise;
  };
  return { asked, probe };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('the search for an address', () => {
  it('goes on until the guest has it, and reports it once', async () => {
    const { asked, probe } = manualProbe();
    const watch = new SlaacWatch(probe, silentLog);
    let found = 0;
    watch.search('web', 'fd42::7', async () => {
      found += 1;
    });
    asked[0]?.answer(false);
    await turn();
    asked[1]?.answer(true);
    await turn();
    assert.deepEqual([asked.map(({ address }) => address), found], [['fd42::7', 'fd42::7'], 1]);
  });

  it('gives way to a newer one of the same nic, and never reports after its end', async () => {
    const { asked, probe } = manualProbe();
    const watch = new SlaacWatch(probe, silentLog);
    const found: string[] = [];
    watch.search('web', 'fd42::7', async () => void found.push('old'));
    watch.search('web', 'fd42::8', async () => void found.push('new'));
    asked[0]?.answer(true);
    asked[1]?.answer(true);
    await turn();
    assert.deepEqual(found, ['new']);
    watch.search('web', 'fd42::9', async () => void found.push('closed'));
    watch.close();
    asked[2]?.answer(true);
    await turn();
    assert.ok(asked[2]?.aborted());
    assert.deepEqual(found, ['new']);
  });

  it('ends quietly when what it found cannot be written', async () => {
    const { asked, probe } = manualProbe();
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) };
    new SlaacWatch(probe, log).search('web', 'fd42::7', () => Promise.reject(new Error('disk full')));
    asked[0]?.answer(true);
    await turn();
    assert.deepEqual(warnings, ['an IPv6 address could not be verified']);
  });
});

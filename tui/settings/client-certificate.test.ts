import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { clientKeyPair } from './client-certificate.ts';

describe('the certificate of a client', () => {
  let directory: string;
  const env = () => ({ YURT_CONF: join(directory, 'conf') });

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'yurt-client-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is one, however many ask for the first at once', async () => {
    const pairs = await Promise.all(Array.from({ length: 5 }, () => clientKeyPair(env())));
    assert.equal(new Set(pairs.map(({ certificatePem }) => certificatePem)).size, 1);
    assert.deepEqual(await clientKeyPair(env()), pairs[0]);
    assert.deepEqual(readdirSync(join(directory, 'conf')).sort(), ['client.crt', 'client.key']);
  });

  it('is said to be none when its files are not', async () => {
    await clientKeyPair(env());
    writeFileSync(join(directory, 'conf/client.key'), 'garbage');
    await assert.rejects(clientKeyPair(env()), /client\.crt and client\.key are no certificate and its key/);
  });
});

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parsedOnce } from './parsed-file.ts';

describe('what a file means', () => {
  let directory: string;
  let parses: number;
  const cache = () => join(directory, 'yurt');
  const parsed = (text: string) =>
    parsedOnce({ XDG_CACHE_HOME: directory }, text, async () => {
      parses += 1;
      return { said: text };
    });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'yurt-cache-'));
    parses = 0;
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is parsed once for each text', async () => {
    for (const text of ['a: 1', 'a: 1', 'a: 2', 'a: 2', 'a: 1']) assert.deepEqual(await parsed(text), { said: text });
    assert.equal(parses, 3);
    assert.deepEqual(readdirSync(cache()), ['settings.json']);
    assert.equal(statSync(join(cache(), 'settings.json')).mode & 0o777, 0o600);
  });

  it('is not remembered when it could not be parsed', async () => {
    const fail = () => parsedOnce({ XDG_CACHE_HOME: directory }, '[', () => Promise.reject(new Error('not YAML')));
    await assert.rejects(fail(), /not YAML/);
    await assert.rejects(fail(), /not YAML/);
    assert.deepEqual(readdirSync(cache()), []);
  });

  for (const rest of ['', '{"text":"a: 1"', 'null', '[]']) {
    it(`is parsed again when what was remembered is ${rest || 'nothing'}`, async () => {
      await parsed('a: 0');
      writeFileSync(join(cache(), 'settings.json'), rest);
      assert.deepEqual(await parsed('a: 1'), { said: 'a: 1' });
      assert.deepEqual(await parsed('a: 1'), { said: 'a: 1' });
      assert.equal(parses, 2);
    });
  }

  it('is not taken from where others may write', async () => {
    await parsed('a: 1');
    chmodSync(cache(), 0o777);
    assert.deepEqual(await parsed('a: 1'), { said: 'a: 1' });
    assert.equal(parses, 2);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { toYaml } from './format.ts';

describe('YAML for other programs', () => {
  const texts = ['on', 'No', 'y', '1:30', '00:16:30:12:34:56', '012', '1_000', 'true', '5', '~', 'a\x1b[2J'];

  it('has texts that readers of both versions take for texts', async () => {
    for (const version of ['1.1', '1.2'] as const) assert.deepEqual(parse(await toYaml(texts), { version }), texts);
  });

  it('keeps moments as readers of version 1.1 know them, and numbers as numbers', async () => {
    const written = await toYaml({ at: '2026-11-23T20:06:48.415Z', size: 5, live: true });
    assert.equal(written, 'at: 2026-11-23T20:06:48.415Z\nsize: 5\nlive: true\n');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { toYaml } from './format.ts';

describe('YAML for other programs', () => {
  const numbers = [
    '1:30',
    '00:16:30:12:34:56',
    '-190:20:30.15',
    '012',
    '1_000',
    '0b101',
    '-0x1F',
    '1_0.5',
    '1_.e+3',
    '5',
  ];
  const texts = [...numbers, 'on', 'No', 'y', 'true', '~', '=', '<<', 'a\x1b[2J'];

  it('has texts that readers of both versions take for texts', async () => {
    for (const version of ['1.1', '1.2'] as const) assert.deepEqual(parse(await toYaml(texts), { version }), texts);
  });

  it('has quotes around dates, which readers of version 1.1 refuse when there is no such day', async () => {
    for (const text of ['2026-13-45', '2026-02-30T20:06:48.415Z', '2026-99-23 10:00:00', '0000-01-01T00:00:00.000Z']) {
      assert.equal(await toYaml([text]), `- "${text}"\n`);
    }
  });

  it('has none around what is a text for all readers', async () => {
    const plain = [
      '10.0.0.1',
      '10.0.0.1/24',
      '6.1.0',
      'snap0',
      '1d 12H',
      '512MiB',
      'a=b',
      '0-3',
      '00:16:3e:12:34:5f',
      '1.2.3',
    ];
    assert.equal(await toYaml(plain), plain.map((text) => `- ${text}\n`).join(''));
  });

  it('keeps moments as readers of version 1.1 know them, and numbers as numbers', async () => {
    const written = await toYaml({ at: '2026-11-23T20:06:48.415Z', size: 5, live: true });
    assert.equal(written, 'at: 2026-11-23T20:06:48.415Z\nsize: 5\nlive: true\n');
  });
});

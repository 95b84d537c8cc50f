import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instanceKeys } from '../../../server/instances/config-keys.ts';
import { sampleState } from '../testing/sample-states.ts';
import { valueChoices, wrongSetting } from './config-keys.ts';

const { data } = sampleState({ columns: 80, rows: 24 });
const configKeys = instanceKeys.map((one) => ({ ...one, defaultValue: one.default }));
const wrong = (key: string, value: string) => wrongSetting({ ...data, configKeys }, key, value);

describe('a setting', () => {
  for (const [key, bad, good] of [
    ['limits.memory', ['lots', '%', '-1'], ['512MiB', '25%', '1 GiB']],
    ['limits.memory.swap', ['maybe'], ['true', '1GiB']],
    ['limits.memory.enforce', ['hardly'], ['hard', 'soft']],
    ['limits.cpu', ['many', 'a-b'], ['2', '0-3', '0,2']],
    ['limits.cpu.allowance', ['half'], ['50%', '25ms/100ms']],
    ['limits.kernel.nofile', ['some'], ['1024', '1024:4096', 'unlimited']],
    ['limits.processes', ['1.5', 'x'], ['200']],
    ['boot.autostart', ['perhaps'], ['true', 'no']],
    ['raw.oci', ['{'], ['{}']],
    ['user.note', [], ['anything']],
  ] as const) {
    it(`of ${key} is refused before the server is asked when its type does not have such values`, () => {
      for (const value of bad) assert.match(wrong(key, value) ?? '', new RegExp(`^${key.replace('nofile', '.*')} is `));
      for (const value of good) assert.equal(wrong(key, value), undefined, value);
    });
  }

  it('has its few values offered', () => {
    const offered = (key: string) => valueChoices(configKeys.find((one) => one.key === key));
    assert.deepEqual(offered('limits.memory.enforce'), ['hard', 'soft']);
    assert.deepEqual(offered('limits.memory.swap'), ['true', 'false']);
  });

  it('that the server takes is never refused', () => {
    for (const { key, default: value } of instanceKeys) assert.equal(wrong(key, value), undefined, key);
  });
});

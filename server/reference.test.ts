import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { configurationReference } from './reference.ts';

it('the reference of the configuration is what the tables say', () => {
  const file = join(import.meta.dirname, '../docs/reference/configuration.md');
  assert.equal(readFileSync(file, 'utf8'), configurationReference());
});

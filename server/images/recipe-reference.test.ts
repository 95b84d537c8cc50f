import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { recipeReference } from './recipe-reference.ts';

const guide = join(import.meta.dirname, '../../docs/guides/images.md');
const start =
  '<!-- recipe reference: written by UPDATE=1 bin/node --test server/images/recipe-reference.test.ts -->\n\n';
const end = '\n<!-- end of the recipe reference -->\n';

test('the guide has the reference of recipes as it is', async () => {
  const text = await readFile(guide, 'utf8');
  const from = text.indexOf(start) + start.length;
  const to = text.indexOf(end);
  assert.ok(from > start.length && to > from, 'the guide has no place for the reference');
  if (process.env['UPDATE'] === '1') await writeFile(guide, text.slice(0, from) + recipeReference() + text.slice(to));
  else assert.equal(text.slice(from, to), recipeReference());
});

import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog } from '../base/log.ts';
import { Recipes } from './recipes.ts';

const shipped = new Recipes(join(import.meta.dirname, '../../images'), {
  ...silentLog,
  warn: (fields) => assert.fail(`a shipped recipe does not parse: ${JSON.stringify(fields)}`),
});

test('the shipped recipes build these images, the default release first', async () => {
  const recipes = await shipped.list();
  assert.deepEqual(
    recipes.map((recipe) => [recipe.name, recipe.images]),
    [
      ['debian', ['debian/13', 'debian/12']],
      ['tiny', ['tiny']],
    ],
  );
});

test('a recipe is found by the name of an image', async () => {
  assert.equal((await shipped.find('debian')).image, 'debian/13');
  assert.equal((await shipped.find('debian/12')).release.suite, 'bookworm');
  assert.equal((await shipped.find('debian/bookworm')).image, 'debian/12');
  assert.equal((await shipped.find('tiny')).image, 'tiny');
});

test('what no recipe builds is not found, and the answer helps', async () => {
  await assert.rejects(shipped.find('debain/12'), { code: 'not-found', message: /did you mean "debian\/12"/ });
  await assert.rejects(shipped.find('fedora'), { code: 'not-found', message: /there are debian\/12|debian\/13/ });
  await assert.rejects(shipped.find('debian/'), { code: 'not-found' });
  await assert.rejects(shipped.find('tiny/1'), { code: 'not-found', message: /it has none/ });
  await assert.rejects(shipped.find('../tiny'), { code: 'not-found' });
});

test('a recipe that cannot be used is logged and hides no other', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'yurt-recipes-'));
  await writeFile(join(folder.path, 'bad.yaml'), 'nonsense: 1');
  await writeFile(join(folder.path, 'good.yaml'), 'name: good\ndescription: d\nfrom: busybox');
  await writeFile(join(folder.path, 'README.md'), 'not a recipe');
  const warned: object[] = [];
  const recipes = new Recipes(folder.path, { ...silentLog, warn: (fields) => warned.push(fields) });
  assert.deepEqual(
    (await recipes.list()).map((recipe) => recipe.name),
    ['good'],
  );
  assert.equal(warned.length, 1);
});

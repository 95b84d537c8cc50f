import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '../../../server/base/log.ts';
import type { Task } from '../../../server/base/task.ts';
import { LevelStore } from '../../../server/db/level-store.ts';
import { migrate } from '../../../server/db/schema-version.ts';
import type { Store } from '../../../server/db/store.ts';
import { run } from '../../../server/host/run.ts';
import { ImageStore } from '../../../server/images/image-store.ts';
import { parseRecipe } from '../../../server/images/recipe.ts';
import { Recipes } from '../../../server/images/recipes.ts';
import { StoredImageRecords } from '../../../server/images/stored-image-records.ts';
import { projectRoot } from './daemon.ts';

/**
 * An image name, as `yurt image build` takes it, of the project's own recipes; or the text of a recipe that only a test
 * has, whose default release is built under the recipe's name.
 */
export type TemplateImage = 'tiny' | 'debian/12' | 'debian/13' | { readonly recipe: string };

/** Built once, then copied. Git ignores it; a test that needs it makes it when it is missing. */
const cache = process.env['YURT_TEST_CACHE'] ?? join(projectRoot, '.cache/e2e');

/**
 * State and images of a server that has these images, to start one on a copy of. Built by the server's own image store in
 * this process, since the servers under test have no way to a package mirror.
 */
export async function template(...images: TemplateImage[]): Promise<string> {
  const directory = join(cache, images.map(cacheName).join('+'));
  if (existsSync(directory)) return directory;
  const part = `${directory}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(join(part, 'state'), { recursive: true });
  await build(part, images);
  renameSync(part, directory);
  return directory;
}

/** A recipe that was changed is another image, and has another name here. */
function cacheName(image: TemplateImage): string {
  if (typeof image === 'string') return image.replaceAll('/', '-');
  const digest = createHash('sha256').update(image.recipe).digest('hex').slice(0, 8);
  return `${parseRecipe('of a test', image.recipe).name}-${digest}`;
}

async function build(directory: string, images: readonly TemplateImage[]): Promise<void> {
  const recipes = new Recipes(join(projectRoot, 'images'), silentLog);
  await withImageStore(directory, async (imageStore, task) => {
    for (const image of images) {
      const { recipe, release } = await foundRecipe(recipes, image);
      await imageStore.build(task, { recipe, release, aliases: [] });
    }
  });
}

/** Opens the state of a server that does not run. */
export async function withStateOf<Result>(directory: string, use: (store: Store) => Promise<Result>): Promise<Result> {
  const store = await LevelStore.open(join(directory, 'state/db'));
  try {
    await migrate(store);
    return await use(store);
  } finally {
    await store.close();
  }
}

/** Opens the images of a server that does not run, whose directory may be empty but for `state`. */
export async function withImageStore(
  directory: string,
  use: (images: ImageStore, task: Task) => Promise<void>,
): Promise<void> {
  await withStateOf(directory, async (store) => {
    const imageStore = new ImageStore({
      directory: join(directory, 'images'),
      records: new StoredImageRecords(store),
      run,
      architecture: (await run(['uname', '-m'])).stdout.trim(),
      usedBy: async () => [],
    });
    const task: Task = { signal: new AbortController().signal, log: silentLog, report() {} };
    await imageStore.repair(task);
    await use(imageStore, task);
  });
}

async function foundRecipe(recipes: Recipes, image: TemplateImage) {
  if (typeof image === 'string') return await recipes.find(image);
  const recipe = parseRecipe('of a test', image.recipe);
  return { recipe, release: recipe.defaultRelease };
}

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import { suggestion } from '../base/nearest.ts';
import { findRelease, imageName, parseRecipe, type Recipe, type RecipeRelease } from './recipe.ts';

/** What `ListRecipes` shows of one recipe. */
export interface RecipeSummary {
  readonly name: string;
  readonly description: string;
  /** Image names that it builds; that of the default release first. */
  readonly images: readonly string[];
}

/** A recipe and the release of it that an image name means. */
export interface FoundRecipe {
  readonly recipe: Recipe;
  readonly release: RecipeRelease;
  /** `debian/12`: the full name, also when the default or an alias was asked for. */
  readonly image: string;
}

/** The recipes of one folder, one per `.yaml` file. Read anew each time: there are few, and an edit counts at once. */
export class Recipes {
  readonly #directory: string;
  readonly #log: Log;

  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  /** By name. A recipe that does not parse is logged and left out: it must not hide the others. */
  async list(): Promise<RecipeSummary[]> {
    const recipes = await this.#read();
    return recipes.map((recipe) => {
      const others = recipe.releases.filter((release) => release !== recipe.defaultRelease);
      const images = [recipe.defaultRelease, ...others].map((release) => imageName(recipe, release));
      return { name: recipe.name, description: recipe.description, images };
    });
  }

  /** `debian/12`, `debian/bookworm`, `debian` (its default release), `tiny`. Fault: `not-found`. */
  async find(image: string): Promise<FoundRecipe> {
    const slash = image.indexOf('/');
    const name = slash === -1 ? image : image.slice(0, slash);
    const recipes = await this.#read();
    const recipe = recipes.find((each) => each.name === name);
    if (recipe === undefined || slash === image.length - 1) {
      const known = recipes.flatMap((each) => each.releases.map((release) => imageName(each, release)));
      const near = suggestion(image, known) || (known.length === 0 ? '' : `: there are ${known.join(', ')}`);
      throw new Fault('not-found', `No recipe builds the image ${JSON.stringify(image.slice(0, 80))}${near}`);
    }
    const release = findRelease(recipe, slash === -1 ? '' : image.slice(slash + 1));
    return { recipe, release, image: imageName(recipe, release) };
  }

  async #read(): Promise<Recipe[]> {
    const files = (await readdir(this.#directory)).filter((file) => file.endsWith('.yaml')).sort();
    const recipes = await Promise.all(files.map((file) => this.#readOne(file)));
    return recipes.filter((recipe) => recipe !== undefined);
  }

  async #readOne(file: string): Promise<Recipe | undefined> {
    try {
      return parseRecipe(file, await readFile(join(this.#directory, file), 'utf8'));
    } catch (error) {
      this.#log.warn({ err: error, file }, 'a recipe cannot be used');
      return undefined;
    }
  }
}

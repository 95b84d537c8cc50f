/** Builds the recipe in `argv[3]` in the directory `argv[2]` until it is killed: the daemon that dies in the middle. */
import { parseRecipe } from '../../../server/images/recipe.ts';
import { ImageFactory, makeTask } from './image-factory.ts';

const [, , directory = '', text = ''] = process.argv;
const { store } = new ImageFactory(directory, async () => {});
await store.repair(makeTask());
const recipe = parseRecipe('interrupted', text);
await store.build(makeTask(), { recipe, release: recipe.defaultRelease, aliases: [] });

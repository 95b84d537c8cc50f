import type { BuildImageRequest__Output } from '../../proto/gen/yurt/v1/BuildImageRequest.ts';
import type { Image as ImageMessage } from '../../proto/gen/yurt/v1/Image.ts';
import type { ImageServiceHandlers } from '../../proto/gen/yurt/v1/ImageService.ts';
import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import type { Events } from '../events/events.ts';
import type { ImageStore, StoredImage } from '../images/image-store.ts';
import { findRelease, imageName, parseRecipe } from '../images/recipe.ts';
import type { FoundRecipe, Recipes } from '../images/recipes.ts';
import type { Operations } from '../operations/operations.ts';
import { encodeOperation, encodeTime } from './encode.ts';
import { projectOf } from './project.ts';
import type { Handlers } from './router.ts';

export interface ImageServiceDeps {
  readonly images: ImageStore;
  readonly recipes: Recipes;
  readonly operations: Operations;
  readonly events: Events;
  /** Makes a new image ready in the default pool, so that the first launch does not wait for it. */
  readonly prepare: (task: Task, fingerprint: string) => Promise<void>;
  /** Removes what the pools keep of an image. */
  readonly discard: (task: Task, fingerprint: string) => Promise<void>;
}

export function imageService(deps: ImageServiceDeps): Handlers<ImageServiceHandlers> {
  const { images, recipes, operations, events } = deps;
  return {
    ListImages: async (_call, request) => {
      projectOf(request);
      return { images: (await images.list()).map(encodeImage) };
    },
    GetImage: async (_call, request) => {
      projectOf(request);
      return { image: encodeImage(await images.resolve(request.image)) };
    },
    ListRecipes: async () => ({
      recipes: (await recipes.list()).map((recipe) => ({ ...recipe, images: [...recipe.images] })),
    }),
    BuildImage: async (_call, request) => {
      projectOf(request);
      const { recipe, release, image } = await requestedRecipe(recipes, request);
      const aliases = request.aliases;
      const view = operations.start(
        { kind: 'image.build', description: `Building image ${image}`, resources: [`image/${image}`] },
        async (task) => {
          const built = await images.build(task, { recipe, release, aliases });
          events.lifecycle('image-created', `image/${built.fingerprint}`);
          await deps.prepare(task, built.fingerprint);
          return { imageFingerprint: built.fingerprint };
        },
      );
      return { operation: encodeOperation(view) };
    },
    DeleteImage: async (_call, request) => {
      projectOf(request);
      const image = await images.resolve(request.image);
      const view = operations.start(
        {
          kind: 'image.delete',
          description: `Deleting image ${image.fingerprint.slice(0, 12)}`,
          resources: [`image/${image.fingerprint}`],
          cancelable: false,
        },
        async (task) => {
          await images.delete(task, image.fingerprint);
          await deps.discard(task, image.fingerprint);
          events.lifecycle('image-deleted', `image/${image.fingerprint}`);
          return { imageFingerprint: image.fingerprint };
        },
      );
      return { operation: encodeOperation(view) };
    },
  };
}

async function requestedRecipe(recipes: Recipes, request: BuildImageRequest__Output): Promise<FoundRecipe> {
  if (request.source === 'recipe' && request.recipe !== undefined) {
    const recipe = parseRecipe('recipe', request.recipe);
    const release = findRelease(recipe, request.release);
    return { recipe, release, image: imageName(recipe, release) };
  }
  if (request.image === undefined || request.image === '') throw new Fault('invalid', 'Say which image to build');
  return await recipes.find(request.release === '' ? request.image : `${request.image}/${request.release}`);
}

function encodeImage(image: StoredImage): ImageMessage {
  return {
    fingerprint: image.fingerprint,
    project: 'default',
    aliases: image.aliases.map(({ name, description }) => ({ name, description })),
    architecture: image.architecture,
    sizeBytes: image.sizeBytes,
    createdAt: encodeTime(new Date(image.createdAtMs)),
    ...(image.lastUsedAtMs === undefined ? {} : { lastUsedAt: encodeTime(new Date(image.lastUsedAtMs)) }),
    properties: image.properties,
    recipe: image.recipe ?? '',
  };
}

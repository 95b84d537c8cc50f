import type { BuildImageRequest__Output } from '../../proto/gen/yurt/v1/BuildImageRequest.ts';
import type { Image as ImageMessage } from '../../proto/gen/yurt/v1/Image.ts';
import type { ImageServiceHandlers } from '../../proto/gen/yurt/v1/ImageService.ts';
import type { InstancePublisher } from '../backups/publish-instance.ts';
import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import type { Events } from '../events/events.ts';
import type { ImageStore, StoredImage } from '../images/image-store.ts';
import { findRelease, imageName, parseRecipe } from '../images/recipe.ts';
import type { FoundRecipe, Recipes } from '../images/recipes.ts';
import type { Operations } from '../operations/operations.ts';
import { encodeOperation, encodeTime } from './encode.ts';
import { checkOwner } from './gate.ts';
import { type ListRequest, projectOf } from './project.ts';
import type { Handlers } from './router.ts';

export interface ImageServiceDeps {
  /** The images that a project uses, and the project that has them. */
  readonly images: (project: string) => Promise<{ readonly images: ImageStore; readonly home: string }>;
  /** The projects that have the images that a list is to show. */
  readonly homes: (request: ListRequest) => Promise<readonly string[]>;
  readonly recipes: Recipes;
  readonly operations: Operations;
  readonly events: Events;
  readonly publisher: InstancePublisher;
  /** Makes a new image ready in the default pool, so that the first launch does not wait for it. */
  readonly prepare: (task: Task, fingerprint: string) => Promise<void>;
  /** Removes what the pools keep of an image that no project has any more. */
  readonly discard: (task: Task, fingerprint: string) => Promise<void>;
}

export function imageService(deps: ImageServiceDeps): Handlers<ImageServiceHandlers> {
  const { recipes, operations, events } = deps;
  return {
    ListImages: async (_call, request) => {
      const lists = (await deps.homes(request)).map(async (project) => {
        const { images, home } = await deps.images(project);
        return (await images.list()).map((image) => encodeImage(image, home));
      });
      return { images: (await Promise.all(lists)).flat() };
    },
    GetImage: async (_call, request) => {
      const { images, home } = await deps.images(projectOf(request));
      return { image: encodeImage(await images.resolve(request.image), home) };
    },
    ListRecipes: async () => ({
      recipes: (await recipes.list()).map((recipe) => ({ ...recipe, images: [...recipe.images] })),
    }),
    BuildImage: async (_call, request) => {
      const project = projectOf(request);
      const { images } = await deps.images(project);
      const { recipe, release, image } = await requestedRecipe(recipes, request);
      const aliases = request.aliases;
      const view = operations.start(
        { kind: 'image.build', description: `Building image ${image}`, resources: [`image/${image}`], project },
        async (task) => {
          const built = await images.build(task, { recipe, release, aliases });
          events.lifecycle('image-created', `image/${built.fingerprint}`, {}, project);
          await deps.prepare(task, built.fingerprint);
          return { imageFingerprint: built.fingerprint };
        },
      );
      return { operation: encodeOperation(view) };
    },
    PublishInstance: async ({ identity }, request) => {
      const project = projectOf(request);
      const { images, home } = await deps.images(project);
      checkOwner(identity, home, 'images');
      if (request.instance === '') throw new Fault('invalid', 'The name of the instance is missing');
      const { instance, snapshot, force, aliases, reuse, properties } = request;
      const wanted = { project, instance, snapshot, force, aliases, reuse, properties };
      const view = await deps.publisher.publish(wanted, { images, prepare: deps.prepare, discard: deps.discard });
      return { operation: encodeOperation(view) };
    },
    DeleteImage: async ({ identity }, request) => {
      const project = projectOf(request);
      const { images, home } = await deps.images(project);
      checkOwner(identity, home, 'images');
      const image = await images.resolve(request.image);
      const view = operations.start(
        {
          kind: 'image.delete',
          description: `Deleting image ${image.fingerprint.slice(0, 12)}`,
          resources: [`image/${image.fingerprint}`],
          project,
          cancelable: false,
        },
        async (task) => {
          await images.delete(task, image.fingerprint);
          await deps.discard(task, image.fingerprint);
          events.lifecycle('image-deleted', `image/${image.fingerprint}`, {}, project);
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

function encodeImage(image: StoredImage, project: string): ImageMessage {
  return {
    fingerprint: image.fingerprint,
    project,
    aliases: image.aliases.map(({ name, description }) => ({ name, description })),
    architecture: image.architecture,
    sizeBytes: image.sizeBytes,
    createdAt: encodeTime(new Date(image.createdAtMs)),
    ...(image.lastUsedAtMs === undefined ? {} : { lastUsedAt: encodeTime(new Date(image.lastUsedAtMs)) }),
    properties: image.properties,
    recipe: image.recipe ?? '',
  };
}

import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import { waitFor } from '../client/operation.ts';
import type { Context } from '../commands/command.ts';
import { printable } from '../output/printable.ts';
import { confirm } from '../terminal/prompt.ts';

/** How many buildable images an error names. */
const maxNamed = 12;

/**
 * Builds an image that is not on the server from the server's recipe for it; asks before on a terminal. Resolves to
 * false when the image exists, so that something else was not found.
 */
export async function buildMissingImage(context: Context, connection: Connection, image: string): Promise<boolean> {
  const { terminal, global } = context;
  if (await exists(connection, image, global.project)) return false;
  const { recipes } = await connection.call('ImageService', 'ListRecipes', {});
  const buildable = recipes.flatMap(({ images }) => images);
  if (!buildable.includes(image)) {
    const named = buildable.slice(0, maxNamed).map((name) => `"${name}"`);
    const hint =
      named.length === 0 ? '' : `. Recipes build ${named.join(', ')}${buildable.length > maxNamed ? ', …' : ''}`;
    throw new Failure(`Image "${image}" does not exist${hint}`, { status: 'not-found' });
  }
  if (terminal.input.isTty && terminal.error.isTty) {
    const question = `Image "${image}" is not here yet. Build it from its recipe now?`;
    if (!(await confirm(terminal, question, true))) throw new Failure(`Image "${image}" does not exist`);
  } else {
    await terminal.error.write(`Image "${printable(image)}" is not here yet: building it from its recipe\n`);
  }
  await buildImage(context, connection, { image });
  return true;
}

/** Builds an image and shows how far it is. Resolves to its fingerprint. */
export async function buildImage(
  context: Context,
  connection: Connection,
  request: { image: string } | { recipe: string; aliases?: string[]; release?: string },
): Promise<string> {
  const { project } = context.global;
  const { operation } = await connection.call('ImageService', 'BuildImage', { ...request, project });
  const { result } = await waitFor(context, connection, operation, { plainLines: !context.global.quiet });
  for (const warning of result?.warnings ?? []) {
    await context.terminal.error.write(`Warning: ${printable(warning)}\n`);
  }
  return result?.imageFingerprint ?? '';
}

async function exists(connection: Connection, image: string, project: string): Promise<boolean> {
  try {
    await connection.call('ImageService', 'GetImage', { image, project });
    return true;
  } catch (error) {
    if (Failure.is(error, 'not-found')) return false;
    throw error;
  }
}

import { readFile } from 'node:fs/promises';
import { UsageError } from '../arguments/usage-error.ts';
import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import { fileFailure } from '../files/file-failure.ts';
import { buildImage } from '../images/build-missing.ts';
import { parseFormat, renderList } from '../output/format.ts';
import { naturalOrder } from '../output/natural-order.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Context, Input } from './command.ts';

/** A recipe is a page of text. */
const maxRecipeBytes = 1024 * 1024;

export async function run(context: Context, input: Input): Promise<void> {
  const [name] = input.arguments;
  const { terminal, global } = context;
  const connection = await context.connect();
  if (input.flag('list')) return await listRecipes(context, connection, input);
  if (name === undefined) throw new UsageError('Invalid number of arguments');
  const source = isFile(name) ? { recipe: await readRecipe(name, terminal) } : { image: name };
  const fingerprint = await buildImage(context, connection, {
    ...source,
    aliases: [...input.values('alias')],
    release: input.value('release') ?? '',
  });
  if (!global.quiet)
    await terminal.output.write(`Image built with fingerprint: ${fingerprint.replace(/[^0-9a-f]/g, '')}\n`);
}

function isFile(name: string): boolean {
  return name === '-' || /^\.{0,2}\//.test(name) || /\.ya?ml$/.test(name);
}

async function readRecipe(name: string, terminal: Terminal): Promise<string> {
  if (name !== '-') {
    const text = await readFile(name, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw fileFailure('read', name, error);
    });
    if (text.length > maxRecipeBytes) throw new Failure(`Recipe "${name}" is larger than ${maxRecipeBytes} bytes`);
    return text;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of terminal.input.stream()) {
    const bytes = chunk as Buffer; // a stream without encoding yields bytes
    size += bytes.length;
    if (size > maxRecipeBytes) throw new Failure(`The recipe on stdin is larger than ${maxRecipeBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function listRecipes({ terminal }: Context, connection: Connection, input: Input): Promise<void> {
  const format = parseFormat(input.value('format') ?? 'table');
  const { recipes } = await connection.call('ImageService', 'ListRecipes', {});
  const sorted = recipes.sort((a, b) => naturalOrder(a.name, b.name));
  const text = await renderList(
    format,
    () => ({
      header: ['NAME', 'DESCRIPTION', 'IMAGES'],
      rows: sorted.map(({ name, description, images }) => [name, description, images]),
    }),
    () => sorted.map(({ name, description, images }) => ({ name, description, images })),
  );
  await terminal.output.write(text);
}

import { UsageError } from '../arguments/usage-error.ts';
import { imageColumnNames } from '../images/column-names.ts';
import { imageCells, imageFilter, imageRecord } from '../images/listing.ts';
import { parseFormat, renderList } from '../output/format.ts';
import { rowOrder } from '../output/natural-order.ts';
import type { Context, Input } from './command.ts';

type Letter = keyof typeof imageColumnNames;

export async function run(context: Context, input: Input): Promise<void> {
  const allProjects = input.flag('all-projects');
  const columns = parseLetters(input.value('columns') ?? (allProjects ? 'elfpdatsu' : 'lfpdatsu'));
  const format = parseFormat(input.value('format') ?? 'table');
  const matches = imageFilter(input.arguments);
  const connection = await context.connect();
  const { project } = context.global;
  const { images } = await connection.call('ImageService', 'ListImages', { project, allProjects });
  const shown = images.filter(matches);
  await context.terminal.output.write(
    await renderList(
      format,
      () => ({
        header: columns.map((letter) => imageColumnNames[letter]),
        rows: shown.map((image) => columns.map((letter) => imageCells[letter](image))).sort(rowOrder),
      }),
      () => shown.map(imageRecord),
    ),
  );
}

function parseLetters(text: string): Letter[] {
  const letters = [...text].filter((letter) => letter !== ',');
  const wrong = letters.find((letter) => !Object.hasOwn(imageColumnNames, letter));
  if (wrong !== undefined) throw new UsageError(`Unknown column shorthand char '${wrong}' in '${text}'`);
  if (letters.length === 0) throw new UsageError('Empty column list');
  return letters as Letter[]; // checked above
}

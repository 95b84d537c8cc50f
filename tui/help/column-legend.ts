import { imageColumnNames } from '../images/column-names.ts';
import { instanceColumnNames } from '../instances/column-names.ts';
import { type ColumnLetters, listColumns } from '../output/list-columns.ts';

/** The letters of a list command's columns: `n name, s state`. */
export function columnLegend(path: readonly string[]): string {
  const [noun = ''] = path;
  const others: Readonly<Record<string, ColumnLetters>> = { image: imageColumnNames, ...listColumns };
  const names = others[noun] ?? instanceColumnNames;
  return Object.entries(names)
    .map(([letter, name]) => `${letter} ${name.toLowerCase()}`)
    .join(', ');
}

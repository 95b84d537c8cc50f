import { imageColumnNames } from '../images/column-names.ts';
import { instanceColumnNames } from '../instances/column-names.ts';

/** The letters of a list command's columns: `n name, s state`. */
export function columnLegend(path: readonly string[]): string {
  const names = path.join(' ') === 'image list' ? imageColumnNames : instanceColumnNames;
  return Object.entries(names)
    .map(([letter, name]) => `${letter} ${name.toLowerCase()}`)
    .join(', ');
}

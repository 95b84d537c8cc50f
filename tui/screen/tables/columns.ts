import type { State } from '../state/state.ts';
import type { ColumnHead, Table } from './table.ts';

/** Columns of the terminal before the first cell: the cursor and the mark. */
export const markWidth = 2;

/** The columns of a list that a screen of this width has room for. */
export function shownColumns(
  table: Table,
  { size, allProjects, others }: Pick<State, 'size' | 'allProjects' | 'others'>,
): readonly ColumnHead[] {
  const kept = new Set<ColumnHead>();
  let rest = size.columns - markWidth;
  const possible = table.columns.filter(
    ({ ofProjects, ofRemotes }) => (allProjects || ofProjects !== true) && (others.size > 0 || ofRemotes !== true),
  );
  for (const column of possible.sort((a, b) => a.rank - b.rank)) {
    rest -= column.width + 1;
    if (rest < -1) break;
    kept.add(column);
  }
  return table.columns.filter((column) => kept.has(column));
}

/** The width of each: what is left is given to those that can be wider, in turn. */
export function columnWidths(columns: readonly ColumnHead[], width: number): readonly number[] {
  const widths = columns.map((column) => column.width);
  let rest = width - markWidth - widths.reduce((sum, size) => sum + size + 1, -1);
  while (rest > 0) {
    const before = rest;
    for (const [index, { most }] of columns.entries()) {
      const size = widths[index] ?? 0;
      if (rest === 0 || most === undefined || size >= most) continue;
      widths[index] = size + 1;
      rest -= 1;
    }
    if (rest === before) break;
  }
  return widths;
}

import type { Grouping } from './state.ts';

/** How one list is shown. Rows are meant by their keys, so that they may come, go and move. */
export interface TableState {
  readonly cursor: string | undefined;
  /** Where the cursor is among `visible`. */
  readonly index: number;
  /** The first row on the screen. */
  readonly offset: number;
  readonly sort: { readonly column: string; readonly descending: boolean };
  readonly filter: string;
  /** Why the filter cannot be understood; every row is shown then. */
  readonly filterError: string | undefined;
  readonly marked: ReadonlySet<string>;
  /** Keys of the rows that the filter leaves, in order. */
  readonly visible: readonly string[];
  /** What `visible` was made from: it is made anew when that is another. */
  readonly arrangedFrom: Arrangement | undefined;
}

export interface Arrangement {
  readonly rows: unknown;
  readonly sort: TableState['sort'];
  readonly filter: string;
  readonly grouping: Grouping;
}

export function tableState(column: string, descending = false): TableState {
  return {
    ...{ cursor: undefined, index: 0, offset: 0, sort: { column, descending }, filter: '', filterError: undefined },
    ...{ marked: new Set<string>(), visible: [], arrangedFrom: undefined },
  };
}

/** The table with other rows: the cursor stays on its row, or else about where it was. */
export function withVisible(table: TableState, visible: readonly string[], height: number): TableState {
  const found = table.cursor === undefined ? -1 : visible.indexOf(table.cursor);
  const index = found >= 0 ? found : clamp(table.index, 0, visible.length - 1);
  const present = new Set(visible);
  const marked = [...table.marked].every((key) => present.has(key))
    ? table.marked
    : new Set([...table.marked].filter((key) => present.has(key)));
  return scrolled({ ...table, visible, index, cursor: visible[index], marked }, height);
}

/** The cursor `step` rows further down (negative: up). */
export function moved(table: TableState, step: number, height: number): TableState {
  const index = clamp(table.index + step, 0, table.visible.length - 1);
  return scrolled({ ...table, index, cursor: table.visible[index] }, height);
}

export function movedTo(table: TableState, key: string, height: number): TableState {
  const index = table.visible.indexOf(key);
  return index < 0 ? { ...table, cursor: key } : scrolled({ ...table, index, cursor: key }, height);
}

/** Marks the row under the cursor, or takes its mark away, and goes on to the next. */
export function markToggled(table: TableState, height: number): TableState {
  if (table.cursor === undefined) return table;
  const marked = new Set(table.marked);
  if (!marked.delete(table.cursor)) marked.add(table.cursor);
  return moved({ ...table, marked }, 1, height);
}

/** Marks all visible rows; when they are marked already, none. */
export function allToggled(table: TableState): TableState {
  const all = table.visible.length > 0 && table.visible.every((key) => table.marked.has(key));
  return { ...table, marked: new Set(all ? [] : table.visible) };
}

/** Marks have served once something was done with them. */
export function unmarked(table: TableState): TableState {
  return table.marked.size === 0 ? table : { ...table, marked: new Set() };
}

/** What an action is for: the marked rows in the order shown, or else the one under the cursor. */
export function chosen(table: TableState): readonly string[] {
  if (table.marked.size > 0) return table.visible.filter((key) => table.marked.has(key));
  return table.cursor === undefined ? [] : [table.cursor];
}

/** The table scrolled so that the cursor is on the screen, and no row's place stays empty. */
export function scrolled(table: TableState, height: number): TableState {
  const last = Math.max(0, table.visible.length - height);
  const offset = clamp(clamp(table.offset, table.index - height + 1, table.index), 0, last);
  return offset === table.offset ? table : { ...table, offset };
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(0, least, Math.min(value, most));
}

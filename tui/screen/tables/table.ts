import type { Role } from '../frame/theme.ts';
import type { Data, Grouping, Perspective } from '../state/state.ts';

/** A column of a list on the screen. */
export interface TableColumn<Row> {
  /** Lower-case, one word: what it is sorted by is called. */
  readonly id: string;
  readonly title: string;
  readonly width: number;
  /** Takes its share of the room that is left, up to this width. */
  readonly most?: number;
  readonly align?: 'right';
  /** On a narrow screen the columns with the highest numbers go first. */
  readonly rank: number;
  /** Only where instances of several projects are shown, but there before most others. */
  readonly ofProjects?: true;
  /** Only where those of several servers are. */
  readonly ofRemotes?: true;
  /** May hold anything: it is made safe where it is shown. */
  readonly text: (row: Row, view: Perspective) => string;
  readonly role?: (row: Row, view: Perspective) => Role | undefined;
  /** For what is not in the natural order of its text. */
  readonly value?: (row: Row, view: Perspective) => number;
}

/** Whether a row passes the filter that somebody typed. */
export interface RowFilter<Row> {
  readonly matches: (row: Row) => boolean;
  /** Why a part of it cannot be understood. */
  readonly error: string | undefined;
}

export interface Beginning {
  /** The id of a command. */
  readonly command: string;
  /** Follows its key: `launches the first`. */
  readonly does: string;
}

export interface TableSpec<Row> {
  readonly title: string;
  /** Instead of the title where there is little room. */
  readonly short?: string;
  /** What one says when there is nothing. */
  readonly empty: string;
  /** The command that changes that, and what it does. */
  readonly begin?: Beginning;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: (data: Data) => ReadonlyMap<string, Row>;
  readonly filter: (text: string, view: Perspective) => RowFilter<Row>;
  /** What group a row belongs to; undefined when there are none. */
  readonly group?: (row: Row, grouping: Grouping, view: Perspective) => string | undefined;
  /** The whole object, as `-f yaml` shows it. */
  readonly record: (row: Row, data: Data) => unknown;
}

/** A column apart from the rows it is for. */
export type ColumnHead = Omit<TableColumn<never>, 'text' | 'role' | 'value'>;

export interface Cell {
  readonly text: string;
  readonly role: Role | undefined;
}

/** A list of whatever kind of rows: each is meant by its key. */
export interface Table {
  readonly title: string;
  readonly short: string;
  readonly empty: string;
  readonly begin: Beginning | undefined;
  readonly columns: readonly ColumnHead[];
  /** The map that the rows are in: as long as it is the same, so are they. */
  rows(data: Data): ReadonlyMap<string, unknown>;
  /** Keys of the rows that pass the filter, in order. */
  arranged(
    data: Data,
    options: {
      readonly sort: { readonly column: string; readonly descending: boolean };
      readonly filter: string;
      readonly grouping: Grouping;
      readonly view: Perspective;
    },
  ): { readonly visible: readonly string[]; readonly error: string | undefined };
  cell(data: Data, key: string, column: string, view: Perspective): Cell;
  group(data: Data, key: string, grouping: Grouping, view: Perspective): string | undefined;
  record(data: Data, key: string): unknown;
}

const collator = new Intl.Collator('en', { numeric: true });

export function defineTable<Row>(spec: TableSpec<Row>): Table {
  const byId = new Map(spec.columns.map((column) => [column.id, column]));
  return {
    title: spec.title,
    short: spec.short ?? spec.title,
    empty: spec.empty,
    begin: spec.begin,
    columns: spec.columns,
    rows: spec.rows,
    arranged(data, { sort, filter, grouping, view }) {
      const { matches, error } = spec.filter(filter, view);
      const rows = spec.rows(data);
      const kept = [...rows].filter(([, row]) => matches(row));
      const column = byId.get(sort.column) ?? spec.columns[0];
      const visible = column === undefined ? [] : ordered(kept, column, sort.descending, view);
      if (grouping === 'none' || spec.group === undefined) return { visible, error };
      const groups = new Map(kept.map(([key, row]) => [key, spec.group?.(row, grouping, view) ?? '']));
      // The order within each group stays: this one is stable.
      return { visible: visible.sort((a, b) => collator.compare(groups.get(a) ?? '', groups.get(b) ?? '')), error };
    },
    group(data, key, grouping, view) {
      const row = spec.rows(data).get(key);
      return row === undefined || grouping === 'none' ? undefined : spec.group?.(row, grouping, view);
    },
    cell(data, key, id, view) {
      const row = spec.rows(data).get(key);
      const column = byId.get(id);
      if (row === undefined || column === undefined) return { text: '', role: undefined };
      return { text: column.text(row, view), role: column.role?.(row, view) };
    },
    record(data, key) {
      const row = spec.rows(data).get(key);
      return row === undefined ? undefined : spec.record(row, data);
    },
  };
}

function ordered<Row>(
  rows: readonly (readonly [string, Row])[],
  { text, value }: TableColumn<Row>,
  descending: boolean,
  view: Perspective,
): string[] {
  const sign = descending ? -1 : 1;
  const byKey = (a: string, b: string) => collator.compare(a, b);
  if (value !== undefined) {
    const keyed = rows.map(([key, row]) => ({ key, value: value(row, view) }));
    return keyed.sort((a, b) => sign * (a.value - b.value) || byKey(a.key, b.key)).map(({ key }) => key);
  }
  const keyed = rows.map(([key, row]) => ({ key, text: text(row, view) }));
  return keyed.sort((a, b) => sign * collator.compare(a.text, b.text) || byKey(a.key, b.key)).map(({ key }) => key);
}

/**
 * Words that must all hold, in any of the texts of a row: letters in their order. `!` before one: it must not.
 */
export function wordFilter<Row>(texts: (row: Row) => readonly string[]): TableSpec<Row>['filter'] {
  return (filter) => {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    const holds = (row: Row, word: string) => texts(row).some((text) => text.toLowerCase().includes(word));
    return {
      error: undefined,
      matches: (row) =>
        words.every((word) => (word.startsWith('!') ? word === '!' || !holds(row, word.slice(1)) : holds(row, word))),
    };
  };
}

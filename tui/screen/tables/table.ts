import type { Role } from '../frame/theme.ts';
import type { Clock, Data } from '../state/state.ts';

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
  /** May hold anything: it is made safe where it is shown. */
  readonly text: (row: Row, clock: Clock) => string;
  readonly role?: (row: Row, clock: Clock) => Role | undefined;
  /** For what is not in the natural order of its text. */
  readonly value?: (row: Row, clock: Clock) => number;
}

/** Whether a row passes the filter that somebody typed. */
export interface RowFilter<Row> {
  readonly matches: (row: Row) => boolean;
  /** Why a part of it cannot be understood. */
  readonly error: string | undefined;
}

export interface TableSpec<Row> {
  readonly title: string;
  /** What one says when there is nothing. */
  readonly empty: string;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: (data: Data) => ReadonlyMap<string, Row>;
  readonly filter: (text: string) => RowFilter<Row>;
  /** The whole object, as `-f yaml` shows it. */
  readonly record: (row: Row) => unknown;
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
  readonly empty: string;
  readonly columns: readonly ColumnHead[];
  /** The map that the rows are in: as long as it is the same, so are they. */
  rows(data: Data): ReadonlyMap<string, unknown>;
  /** Keys of the rows that pass the filter, in order. */
  arranged(
    data: Data,
    options: {
      readonly sort: { readonly column: string; readonly descending: boolean };
      readonly filter: string;
      readonly clock: Clock;
    },
  ): { readonly visible: readonly string[]; readonly error: string | undefined };
  cell(data: Data, key: string, column: string, clock: Clock): Cell;
  record(data: Data, key: string): unknown;
}

const collator = new Intl.Collator('en', { numeric: true });

export function defineTable<Row>(spec: TableSpec<Row>): Table {
  const byId = new Map(spec.columns.map((column) => [column.id, column]));
  return {
    title: spec.title,
    empty: spec.empty,
    columns: spec.columns,
    rows: spec.rows,
    arranged(data, { sort, filter, clock }) {
      const { matches, error } = spec.filter(filter);
      const kept = [...spec.rows(data)].filter(([, row]) => matches(row));
      const column = byId.get(sort.column) ?? spec.columns[0];
      return { visible: column === undefined ? [] : ordered(kept, column, sort.descending, clock), error };
    },
    cell(data, key, id, clock) {
      const row = spec.rows(data).get(key);
      const column = byId.get(id);
      if (row === undefined || column === undefined) return { text: '', role: undefined };
      return { text: column.text(row, clock), role: column.role?.(row, clock) };
    },
    record(data, key) {
      const row = spec.rows(data).get(key);
      return row === undefined ? undefined : spec.record(row);
    },
  };
}

function ordered<Row>(
  rows: readonly (readonly [string, Row])[],
  { text, value }: TableColumn<Row>,
  descending: boolean,
  clock: Clock,
): string[] {
  const sign = descending ? -1 : 1;
  const byKey = (a: string, b: string) => collator.compare(a, b);
  if (value !== undefined) {
    const keyed = rows.map(([key, row]) => ({ key, value: value(row, clock) }));
    return keyed.sort((a, b) => sign * (a.value - b.value) || byKey(a.key, b.key)).map(({ key }) => key);
  }
  const keyed = rows.map(([key, row]) => ({ key, text: text(row, clock) }));
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

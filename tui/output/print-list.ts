import type { Context, Input } from '../commands/command.ts';
import { parseFormat, renderList } from './format.ts';
import { type ColumnLetters, headersOf } from './list-columns.ts';
import { rowOrder } from './natural-order.ts';
import type { Cell } from './table.ts';

/** How one kind of object is listed. */
export interface Listing<Item> {
  /** Headers with the cells under them. */
  readonly columns: Readonly<Record<string, (item: Item) => Cell>>;
  /** What `--columns` chooses by; without it the command has no such option. */
  readonly letters?: ColumnLetters;
  /** The columns that are shown unless others are asked for; all when absent. */
  readonly shown?: readonly string[];
  /** The object for `-f json` and `-f yaml`. */
  readonly record: (item: Item) => Record<string, unknown>;
}

/** Fetches and prints a list in the format of `--format`; rows in natural order unless they have an order of their own. */
export async function printList<Item>(
  context: Context,
  input: Input,
  listing: Listing<Item>,
  fetch: () => Promise<readonly Item[]>,
  ordered = false,
): Promise<void> {
  const format = parseFormat(input.value('format') ?? 'table');
  const { columns, letters } = listing;
  const asked = letters === undefined ? undefined : input.value('columns');
  const header =
    letters === undefined || asked === undefined ? (listing.shown ?? Object.keys(columns)) : headersOf(letters, asked);
  const items = await fetch();
  const rows = items.map((item) => header.map((title) => columns[title]?.(item) ?? ''));
  const text = await renderList(
    format,
    () => ({ header, rows: ordered ? rows : rows.sort(rowOrder) }),
    () => items.map(listing.record),
  );
  await context.terminal.output.write(text);
}

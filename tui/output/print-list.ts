import type { Context, Input } from '../commands/command.ts';
import { parseFormat, renderList } from './format.ts';
import { rowOrder } from './natural-order.ts';
import type { Cell } from './table.ts';

/** How one kind of object is listed. */
export interface Listing<Item> {
  /** Headers with the cells under them. */
  readonly columns: Readonly<Record<string, (item: Item) => Cell>>;
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
  const items = await fetch();
  const cells = Object.values(listing.columns);
  const rows = items.map((item) => cells.map((cell) => cell(item)));
  const text = await renderList(
    format,
    () => ({ header: Object.keys(listing.columns), rows: ordered ? rows : rows.sort(rowOrder) }),
    () => items.map(listing.record),
  );
  await context.terminal.output.write(text);
}

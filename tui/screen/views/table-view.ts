import { fit, type Line, line, type Span, span, wrapped } from '../frame/line.ts';
import { bodyHeight } from '../state/geometry.ts';
import type { State, TableName } from '../state/state.ts';
import type { TableState } from '../state/table-state.ts';
import { columnWidths, shownColumns } from '../tables/columns.ts';
import { tables } from '../tables/registry.ts';
import type { ColumnHead, Table } from '../tables/table.ts';
import { keyWord } from './key-word.ts';
import { safe } from './safe.ts';

/** A list: its titles, then the rows that the screen has room for. */
export function tableLines(state: State, name: TableName): Line[] {
  const table = tables[name];
  const shown = state.tables[name];
  const columns = shownColumns(table, state);
  const widths = columnWidths(columns, state.size.columns);
  const lines = [titles(columns, widths, shown)];
  const height = bodyHeight(state);
  const groupAt = (index: number) => table.group(state.data, shown.visible[index] ?? '', state.grouping, state);
  const { first, last } = shownRows(shown, height, groupAt);
  const keys = shown.visible.slice(first, last);
  for (const [at, key] of keys.entries()) {
    const group = groupAt(first + at);
    if (group !== undefined && (at === 0 || group !== groupAt(first + at - 1))) lines.push(groupLine(group, state));
    lines.push(rowLine(state, table, key, shown, columns, widths));
  }
  if (keys.length === 0) lines.push(...wrapped(line(span(emptyText(state, name), 'dim')), state.size.columns));
  return lines;
}

/** The rows that there is room for, each group's title included: the one under the cursor is among them. */
function shownRows(
  { offset, index, visible }: TableState,
  height: number,
  groupAt: (index: number) => string | undefined,
): { readonly first: number; readonly last: number } {
  const linesOf = (at: number, first: number) =>
    groupAt(at) !== undefined && (at === first || groupAt(at) !== groupAt(at - 1)) ? 2 : 1;
  for (let first = offset; ; first += 1) {
    let last = first;
    for (let room = height; last < visible.length; last += 1) {
      room -= linesOf(last, first);
      if (room < 0) break;
    }
    if (index < last || first >= index) return { first, last: Math.max(last, Math.min(first + 1, visible.length)) };
  }
}

function groupLine(group: string, { size }: State): Line {
  const title = ` ${safe(group)} `;
  return line(
    span('──', 'dim'),
    span(title, 'accent'),
    span('─'.repeat(Math.max(0, size.columns - title.length - 2)), 'dim'),
  );
}

function titles(columns: readonly ColumnHead[], widths: readonly number[], { sort }: TableState): Line {
  const spans: Span[] = [span('  ')];
  for (const [index, { id, title, align }] of columns.entries()) {
    const arrow = sort.column === id ? (sort.descending ? '↓' : '↑') : '';
    const text = align === 'right' ? `${arrow}${title}` : `${title}${arrow}`;
    spans.push(span(`${fit(text, widths[index] ?? 0, align)} `, arrow === '' ? 'header' : 'key'));
  }
  return line(...spans);
}

function rowLine(
  state: State,
  table: Table,
  key: string,
  shown: TableState,
  columns: readonly ColumnHead[],
  widths: readonly number[],
): Line {
  const isSelected = key === shown.cursor;
  const isMarked = shown.marked.has(key);
  const spans: Span[] = [span(isSelected ? '▸' : ' '), span(isMarked ? '*' : ' ', 'marked')];
  for (const [index, { id, align }] of columns.entries()) {
    const { text, role } = table.cell(state.data, key, id, state);
    spans.push(
      span(fit(safe(text), widths[index] ?? 0, align), isMarked && role === undefined ? 'marked' : role),
      span(' '),
    );
  }
  return isSelected ? { spans, base: 'selected' } : { spans };
}

function emptyText(state: State, name: TableName): string {
  const failure = state.data.failures[name];
  if (failure !== undefined) return safe(failure);
  if (!state.data.loaded.has(name) && name !== 'events') {
    return state.link.kind === 'lost' ? safe(state.link.reason) : 'Reading …';
  }
  const { filter } = state.tables[name];
  if (filter !== '')
    return `Nothing passes the filter "${safe(filter)}": ${keyWord(state.bindings, 'back')} takes it away`;
  const { empty, begin } = tables[name];
  return begin === undefined ? empty : `${empty}: ${keyWord(state.bindings, begin.command)} ${begin.does}`;
}

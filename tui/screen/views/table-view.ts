import { fit, type Line, line, type Span, span, wrapped } from '../frame/line.ts';
import { bodyHeight } from '../state/geometry.ts';
import type { State, TableName } from '../state/state.ts';
import type { TableState } from '../state/table-state.ts';
import { columnWidths, shownColumns } from '../tables/columns.ts';
import { tables } from '../tables/registry.ts';
import type { ColumnHead, Table } from '../tables/table.ts';
import { safe } from './safe.ts';

/** A list: its titles, then the rows that the screen has room for. */
export function tableLines(state: State, name: TableName): Line[] {
  const table = tables[name];
  const shown = state.tables[name];
  const columns = shownColumns(table, state);
  const widths = columnWidths(columns, state.size.columns);
  const lines = [titles(columns, widths, shown)];
  const height = bodyHeight(state);
  const keys = shown.visible.slice(shown.offset, shown.offset + height);
  for (const key of keys) lines.push(rowLine(state, table, key, shown, columns, widths));
  if (keys.length === 0) lines.push(...wrapped(line(span(emptyText(state, name), 'dim')), state.size.columns));
  return lines;
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
  if (filter !== '') return `Nothing passes the filter "${safe(filter)}": esc takes it away`;
  return tables[name].empty;
}

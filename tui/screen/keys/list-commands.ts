import { bodyHeight } from '../state/geometry.ts';
import { instancePage, newDocument, type Page } from '../state/page.ts';
import { type Grouping, type State, shownTable, type TableName, withNotice } from '../state/state.ts';
import { allToggled, markToggled, moved, type TableState } from '../state/table-state.ts';
import { shownColumns } from '../tables/columns.ts';
import { tables } from '../tables/registry.ts';
import { asking, type Command, only } from './command.ts';
import { editorOf } from './line-editor.ts';

/** Keys of the lists. */
export const listCommands: readonly Command[] = [
  move('down', ['down', 'j'], 'Down', () => 1),
  move('up', ['up', 'k'], 'Up', () => -1),
  move('page-down', ['pageDown', 'ctrl+f'], 'A page down', (height) => height - 1),
  move('page-up', ['pageUp', 'ctrl+b'], 'A page up', (height) => 1 - height),
  move('top', ['g', 'home'], 'To the first', () => Number.NEGATIVE_INFINITY),
  move('bottom', ['G', 'end'], 'To the last', () => Number.POSITIVE_INFINITY),
  {
    ...{ id: 'open', section: 'Lists', keys: ['enter', 'right', 'd'], hint: 'open', here: onList },
    help: 'Open what is under the cursor',
    run: (state) => only(opened(state)),
  },
  {
    ...{ id: 'filter', section: 'Lists', keys: ['/'], hint: 'filter', here: onList },
    help: 'Filter: letters of the name, key=value and status=… as in "yurt list", ! before what must not hold',
    run: (state) => {
      const { filter } = tableOf(state);
      return only({ ...state, prompt: { kind: 'filter', editor: editorOf(filter), before: filter } });
    },
  },
  {
    ...{ id: 'mark', section: 'Lists', keys: ['space'], hint: 'mark', here: onList },
    help: 'Mark, for an action upon several',
    run: (state) => only(withTable(state, (table, height) => markToggled(table, height))),
  },
  {
    ...{ id: 'mark-all', section: 'Lists', keys: ['*', 'ctrl+a'], here: onList },
    help: 'Mark all that are shown, or none',
    run: (state) => only(withTable(state, allToggled)),
  },
  {
    ...{ id: 'sort', section: 'Lists', keys: ['o'], hint: 'sort', here: onList },
    help: 'Choose the column to sort by',
    run: (state) => only({ ...state, overlay: { kind: 'sort', index: sortIndex(state) } }),
  },
  {
    ...{ id: 'sort-reverse', section: 'Lists', keys: ['r'], here: onList },
    help: 'Reverse the order',
    run: (state) =>
      only(withTable(state, ({ sort, ...table }) => ({ ...table, sort: { ...sort, descending: !sort.descending } }))),
  },
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(sortBy),
  {
    ...{ id: 'active-only', section: 'Lists', keys: ['a'], here: onInstanceList },
    help: 'Hide stopped instances, or show them again',
    run: (state) => only(withTable(state, toggleStopped)),
  },
  {
    ...{ id: 'all-projects', section: 'Lists', keys: ['A'], here: onInstanceList },
    help: 'Show the instances of all projects, or of the present one',
    run: (state) => {
      const allProjects = !state.allProjects;
      const switched = withTable({ ...state, allProjects }, (table) => ({
        ...table,
        sort: { column: allProjects ? 'project' : 'name', descending: false },
      }));
      return asking(switched, { kind: 'refresh' });
    },
  },
  {
    ...{ id: 'all-remotes', section: 'Lists', keys: ['L'], here: onInstanceList },
    help: 'Show the instances of all remotes, or of the present one alone',
    run: (state) => asking(state, { kind: 'follow-remotes', follow: state.others.size === 0 }),
  },
  {
    ...{ id: 'group', section: 'Lists', keys: ['z'], here: onInstanceList },
    help: 'Group the instances by project, by remote, or not at all',
    run: (state) => only(regrouped(state)),
  },
  {
    ...{ id: 'refresh', section: 'Lists', keys: ['ctrl+r'], here: () => true },
    help: 'Read everything anew',
    run: (state) => asking(state, { kind: 'refresh' }),
  },
];

function move(id: string, keys: readonly string[], help: string, step: (height: number) => number): Command {
  return {
    ...{ id, section: 'Move', keys, help, here: onList },
    run: (state) => only(withTable(state, (table, height) => moved(table, step(height), height))),
  };
}

function sortBy(number: number): Command {
  return {
    ...{ id: `sort-${number}`, section: 'Lists', keys: [String(number)], here: onList },
    help: `Sort by column ${number}; again: reverse`,
    run: (state) => only(sortedBy(state, number - 1)),
  };
}

/** The list ordered by the column at `index` of those shown; in reverse when it was so already. */
export function sortedBy(state: State, index: number): State {
  const name = shownTable(state);
  const column = name === undefined ? undefined : shownColumns(tables[name], state)[index];
  if (column === undefined) return state;
  return withTable(state, (table) => {
    const descending = table.sort.column === column.id ? !table.sort.descending : column.align === 'right';
    return { ...table, sort: { column: column.id, descending } };
  });
}

function sortIndex(state: State): number {
  const name = shownTable(state) ?? 'instances';
  const columns = shownColumns(tables[name], state);
  return Math.max(
    0,
    columns.findIndex(({ id }) => id === state.tables[name].sort.column),
  );
}

const withoutStopped = '!status=stopped';

function toggleStopped(table: TableState): TableState {
  const words = table.filter.split(/\s+/).filter(Boolean);
  const others = words.filter((word) => word !== withoutStopped);
  return { ...table, filter: (others.length < words.length ? others : [...others, withoutStopped]).join(' ') };
}

/** By remotes only where there are several. */
function regrouped(state: State): State {
  const kinds: readonly Grouping[] = ['none', 'project', ...(state.others.size > 0 ? (['remote'] as const) : [])];
  const grouping = kinds[(kinds.indexOf(state.grouping) + 1) % kinds.length] ?? 'none';
  const text = grouping === 'none' ? 'Not in groups' : `Grouped by ${grouping}`;
  return withNotice({ ...state, grouping }, 'info', text);
}

function onInstanceList(state: State): boolean {
  return shownTable(state) === 'instances';
}

function onList(state: State): boolean {
  return shownTable(state) !== undefined;
}

function tableOf(state: State): TableState {
  return state.tables[shownTable(state) ?? 'instances'];
}

export function withTable(state: State, change: (table: TableState, height: number) => TableState): State {
  const name: TableName | undefined = shownTable(state);
  if (name === undefined) return state;
  const table = change(state.tables[name], bodyHeight(state));
  return table === state.tables[name] ? state : { ...state, tables: { ...state.tables, [name]: table } };
}

function opened(state: State): State {
  const name = shownTable(state);
  const key = name === undefined ? undefined : state.tables[name].cursor;
  if (name === undefined || key === undefined) return state;
  const page: Page =
    name === 'instances' ? instancePage(key) : { kind: 'object', table: name, key, document: newDocument };
  return { ...state, pages: [...state.pages, page] };
}

import { hasEnded } from '../../client/operation.ts';
import { newDocument, type Page } from '../state/page.ts';
import { type ScreenName, type State, screenNames, shownPage, shownTable } from '../state/state.ts';
import { chosen } from '../state/table-state.ts';
import { newWizard } from '../state/wizard.ts';
import { asking, type Command, only } from './command.ts';
import { editorOf } from './line-editor.ts';

/** Ways between the screens, what their objects can be asked for, and the program's own commands. */
export const screenCommands: readonly Command[] = [
  {
    ...{ id: 'next-screen', section: 'Screens', keys: ['tab', ']'], hint: 'next screen', here: onScreen },
    help: 'Next screen',
    run: (state) => only(atScreen(state, neighbour(state, 1))),
  },
  {
    ...{ id: 'previous-screen', section: 'Screens', keys: ['shift+tab', '['], here: onScreen },
    help: 'Screen before',
    run: (state) => only(atScreen(state, neighbour(state, -1))),
  },
  ...screenNames.map(goTo),
  {
    ...{ id: 'delete-image', section: 'Lists', keys: ['D'], hint: 'delete', here: on('images') },
    help: 'Delete images',
    obstacle: (state) => (chosen(state.tables.images).length === 0 ? 'There is no image here' : undefined),
    run: (state) => only(deletingImages(state)),
  },
  {
    ...{ id: 'launch-image', section: 'Lists', keys: ['n'], hint: 'launch', here: on('images') },
    help: 'Launch an instance from the image under the cursor',
    run: (state) => only({ ...state, overlay: { kind: 'wizard', wizard: newWizard(imageUnderCursor(state)) } }),
  },
  {
    ...{ id: 'cancel', section: 'Lists', keys: ['x'], hint: 'cancel', here: on('operations') },
    help: 'Cancel the operation',
    obstacle: notCancelable,
    run: (state) => {
      const id = state.tables.operations.cursor;
      return id === undefined ? only(state) : asking(state, { kind: 'cancel-operation', id });
    },
  },
  {
    ...{ id: 'back', section: 'Screens', keys: ['escape', 'backspace'], hint: 'back', here: canGoBack },
    help: 'Back; takes the filter or the marks away first',
    run: (state) => only(back(state)),
  },
  {
    ...{ id: 'close', section: 'Screens', keys: ['q'], here: ({ pages }: State) => pages.length > 1 },
    help: 'Back to the list',
    run: (state) => only(back(state)),
  },
  {
    ...{ id: 'palette', section: 'Program', keys: [':'], hint: 'commands', here: () => true },
    help: 'Every command by its name',
    run: (state) => only({ ...state, overlay: { kind: 'palette', editor: editorOf(), index: 0 } }),
  },
  {
    ...{ id: 'help', section: 'Program', keys: ['?', 'f1'], hint: 'help', here: () => true },
    help: 'The keys of where one is',
    run: (state) => only({ ...state, overlay: { kind: 'help', offset: 0 } }),
  },
  themeCommand('dark', 'Colours for a dark background'),
  themeCommand('light', 'Colours for a light background'),
  themeCommand('plain', 'No colours'),
  {
    ...{ id: 'redraw', section: 'Program', keys: ['ctrl+l'], here: () => true },
    help: 'Draw the screen anew',
    run: (state) => asking(state, { kind: 'redraw' }),
  },
  {
    ...{ id: 'suspend', section: 'Program', keys: ['ctrl+z'], here: () => true },
    help: 'Back to the shell that yurt was started from; fg comes back here',
    run: (state) => asking(state, { kind: 'suspend' }),
  },
  {
    ...{ id: 'quit', section: 'Program', keys: ['q', 'ctrl+c'], hint: 'quit', here: () => true },
    help: 'Leave',
    run: (state) => asking(state, { kind: 'quit' }),
  },
];

function goTo(screen: ScreenName): Command {
  return {
    ...{ id: screen, section: 'Screens', keys: [], here: () => true },
    help: `Show the screen "${screen}"`,
    run: (state) => only(atScreen(state, screen)),
  };
}

function themeCommand(theme: 'dark' | 'light' | 'plain', help: string): Command {
  return {
    ...{ id: `theme-${theme}`, section: 'Program', keys: [], help, here: () => true },
    run: (state) => only({ ...state, theme }),
  };
}

export function atScreen(state: State, screen: ScreenName): State {
  const page: Page = screen === 'server' ? { kind: 'server', document: newDocument } : { kind: 'table', table: screen };
  return { ...state, pages: [page] };
}

/** The screen that the shown page belongs to. */
export function screenOf({ pages: [first] }: State): ScreenName {
  if (first.kind === 'table' || first.kind === 'object') return first.table;
  return first.kind === 'server' ? 'server' : 'instances';
}

function neighbour(state: State, step: number): ScreenName {
  const at = screenNames.indexOf(screenOf(state)) + step;
  return screenNames[(at + screenNames.length) % screenNames.length] ?? 'instances';
}

function onScreen(state: State): boolean {
  const { kind } = shownPage(state);
  return kind === 'table' || kind === 'server';
}

function on(table: ScreenName): Command['here'] {
  return (state) => shownTable(state) === table;
}

function deletingImages(state: State): State {
  const fingerprints = chosen(state.tables.images);
  const names = fingerprints.map((fingerprint) => {
    const image = state.data.images.get(fingerprint);
    return image?.aliases[0]?.name ?? fingerprint.slice(0, 12);
  });
  const [first = ''] = names;
  return {
    ...state,
    overlay: {
      kind: 'confirm',
      title: names.length === 1 ? `Delete the image ${first}?` : `Delete ${names.length} images?`,
      lines: names.length === 1 ? [] : [names.slice(0, 8).join(', ')],
      ...{ expected: undefined, editor: editorOf(), action: 'delete', effect: { kind: 'delete-images', fingerprints } },
    },
  };
}

function imageUnderCursor(state: State): string {
  const image = state.data.images.get(state.tables.images.cursor ?? '');
  return image?.aliases[0]?.name ?? image?.fingerprint.slice(0, 12) ?? '';
}

function notCancelable(state: State): string | undefined {
  const operation = state.data.operations.get(state.tables.operations.cursor ?? '');
  if (operation === undefined) return 'There is no operation here';
  if (hasEnded(operation)) return 'It has ended';
  return operation.cancelable ? undefined : 'It cannot be canceled';
}

function canGoBack(state: State): boolean {
  const name = shownTable(state);
  if (name === undefined) return state.pages.length > 1;
  const { filter, marked } = state.tables[name];
  return filter !== '' || marked.size > 0 || name !== 'instances';
}

function back(state: State): State {
  const [first, ...others] = state.pages;
  if (others.length > 0) return { ...state, pages: [first, ...others.slice(0, -1)] };
  const name = shownTable(state);
  if (name === undefined) return atScreen(state, 'instances');
  const table = state.tables[name];
  if (table.marked.size > 0) return { ...state, tables: { ...state.tables, [name]: { ...table, marked: new Set() } } };
  if (table.filter !== '') return { ...state, tables: { ...state.tables, [name]: { ...table, filter: '' } } };
  return atScreen(state, 'instances');
}

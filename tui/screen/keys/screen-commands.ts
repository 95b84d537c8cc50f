import type { Overlay } from '../state/overlay.ts';
import { newDocument, type Page } from '../state/page.ts';
import { type ScreenName, type State, screenNames, shownPage, shownTable } from '../state/state.ts';
import { asking, type Command, only } from './command.ts';
import { editorOf } from './line-editor.ts';

/** Help where `?` is text. */
export const typingHelpCommand: Command = {
  ...{ id: 'help-typing', section: 'Program', keys: ['ctrl+g'], here: isTyping },
  help: 'The keys of where one is, while text is typed',
  run: (state) => only(helped(state)),
};

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
    ...{ id: 'help', section: 'Program', keys: ['?'], hint: 'help', here: () => true },
    help: 'The keys of where one is',
    run: (state) => only(helped(state)),
  },
  typingHelpCommand,
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

/** Whether what is typed becomes text. */
export function isTyping({ overlay, prompt }: State): boolean {
  if (overlay === undefined) return prompt !== undefined;
  return overlay.kind === 'form' || overlay.kind === 'palette' || isTypedInto(overlay);
}

function isTypedInto(overlay: Overlay): boolean {
  return overlay.kind === 'confirm' && overlay.expected !== undefined;
}

/** The state with the help of where one is; what is open comes back after it. */
export function helped(state: State): State {
  return { ...state, overlay: { kind: 'help', offset: 0, over: state.overlay } };
}

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

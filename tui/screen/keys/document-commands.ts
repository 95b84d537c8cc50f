import { textOf } from '../frame/line.ts';
import { bodyHeight } from '../state/geometry.ts';
import {
  type DocumentState,
  instancePage,
  isText,
  newDocument,
  type Page,
  processOrders,
  tabNames,
} from '../state/page.ts';
import { withProcessOrder } from '../state/processes.ts';
import { type State, shownPage, withNotice } from '../state/state.ts';
import { documentLines } from '../views/document.ts';
import { type Command, only } from './command.ts';
import { onContent } from './content-commands.ts';
import { editorOf } from './line-editor.ts';
import { onSnapshots } from './snapshot-commands.ts';

/** Keys of pages that are a text: of an instance's tabs, of an object, of the server. */
export const documentCommands: readonly Command[] = [
  scroll('text-down', ['down', 'j'], 'Down', () => 1),
  scroll('text-up', ['up', 'k'], 'Up', () => -1),
  scroll('text-page-down', ['pageDown', 'space', 'ctrl+f'], 'A page down', (height) => height - 1),
  scroll('text-page-up', ['pageUp', 'ctrl+b'], 'A page up', (height) => 1 - height),
  scroll('text-top', ['g', 'home'], 'To the beginning', () => Number.NEGATIVE_INFINITY),
  scroll('text-bottom', ['G', 'end'], 'To the end', () => Number.POSITIVE_INFINITY),
  tabCommand('next-tab', ['tab', ']', 'right'], 'Next tab', 1, 'next tab'),
  tabCommand('previous-tab', ['shift+tab', '[', 'left'], 'Previous tab', -1),
  {
    ...{ id: 'search', section: 'Text', keys: ['/'], hint: 'search', here: onText },
    help: 'Search: marks what is found, and goes to it',
    run: (state) => only(typing(state, 'search')),
  },
  {
    ...{ id: 'line-filter', section: 'Text', keys: ['&'], hint: 'filter', here: onText },
    help: 'Show only lines with a text; after ! those without it',
    run: (state) => only(typing(state, 'line-filter')),
  },
  {
    ...{ id: 'next-match', section: 'Text', keys: ['n'], here: onText },
    help: 'Next match',
    run: (state) => only(toMatch(state, 1)),
  },
  {
    ...{ id: 'previous-match', section: 'Text', keys: ['N'], here: onText },
    help: 'Match before',
    run: (state) => only(toMatch(state, -1)),
  },
  {
    ...{ id: 'log', section: 'Instances', keys: ['l'], hint: 'log', here: hasInstance },
    help: 'Log of the console',
    run: (state) => only(atLog(state)),
  },
  {
    ...{ id: 'process-order', section: 'Text', keys: ['o'], hint: 'sort', here: onProcesses },
    help: 'Sort by processor, memory or number',
    run: (state) => {
      const page = shownPage(state);
      if (page.kind !== 'instance') return only(state);
      const { order } = page.processes;
      const next = processOrders[(processOrders.indexOf(order) + 1) % processOrders.length] ?? 'cpu';
      return only(withProcessOrder(state, page.key, next));
    },
  },
  {
    ...{
      id: 'follow',
      section: 'Text',
      keys: ['f'],
      hint: 'follow',
      here: (state) => onLog(state) || onScrollback(state),
    },
    help: 'Stay at the end as lines come',
    run: (state) => only(withDocument(state, (text) => ({ ...text, follow: !text.follow }))),
  },
  {
    ...{ id: 'timestamps', section: 'Text', keys: ['t'], hint: 'times', here: onLog },
    help: 'When lines came (those that came while one looked)',
    run: (state) => only(withDocument(state, (text) => ({ ...text, timestamps: !text.timestamps }))),
  },
  {
    ...{ id: 'wrap', section: 'Text', keys: ['w'], here: onText },
    help: 'Break long lines, or cut them',
    run: (state) => only(withDocument(state, (text) => ({ ...text, wrap: !text.wrap }))),
  },
];

function scroll(id: string, keys: readonly string[], help: string, step: (height: number) => number): Command {
  return {
    ...{ id, section: 'Move', keys, help, here: onText },
    run: (state) =>
      only(
        withDocument(state, (text, lines, height) => {
          const last = Math.max(0, lines - height);
          const from = text.follow ? last : Math.min(text.offset, last);
          const offset = Math.max(0, Math.min(last, from + step(height)));
          return { ...text, offset, follow: text.follow && offset === last };
        }),
      ),
  };
}

function tabCommand(id: string, keys: readonly string[], help: string, step: number, hint?: string): Command {
  return {
    ...{ id, section: 'Move', keys, help, here: (state) => shownPage(state).kind === 'instance' },
    ...(hint === undefined ? {} : { hint }),
    run: (state) => {
      const page = shownPage(state);
      if (page.kind !== 'instance') return only(state);
      const tab = tabNames[(tabNames.indexOf(page.tab) + step + tabNames.length) % tabNames.length] ?? 'overview';
      const document = { ...newDocument, follow: tab === 'log' };
      return only(withPage(state, { ...page, tab, document, index: 0 }));
    },
  };
}

function typing(state: State, kind: 'search' | 'line-filter'): State {
  const page = shownPage(state);
  if (!isText(page)) return state;
  const before = kind === 'search' ? page.document.search : page.document.filter;
  return { ...state, prompt: { kind, editor: editorOf(before), before } };
}

function toMatch(state: State, step: 1 | -1): State {
  const page = shownPage(state);
  if (!isText(page) || page.document.search === '') return state;
  const lines = documentLines(state);
  const wanted = page.document.search.toLowerCase();
  const height = bodyHeight(state);
  const last = Math.max(0, lines.length - height);
  const from = page.document.follow ? lines.length : page.document.offset;
  const found = lines.flatMap((one, index) => (textOf(one).toLowerCase().includes(wanted) ? [index] : []));
  const further = step > 0 ? found.find((index) => index > from) : found.findLast((index) => index < from);
  const index = further ?? found.at(step > 0 ? 0 : -1);
  if (index === undefined) return withNotice(state, 'info', `No line has "${page.document.search}"`);
  const shown = withDocument(state, (text) => ({ ...text, offset: Math.min(index, last), follow: false }));
  if (further !== undefined) return shown;
  return withNotice(
    shown,
    'info',
    `No ${step > 0 ? 'more' : 'earlier'} match: this is the ${step > 0 ? 'first' : 'last'}`,
  );
}

/** The same page with another document. `lines` is how many it has as it is shown. */
export function withDocument(
  state: State,
  change: (text: DocumentState, lines: number, height: number) => DocumentState,
): State {
  const page = shownPage(state);
  if (!isText(page)) return state;
  const document = change(page.document, documentLines(state).length, bodyHeight(state));
  return withPage(state, { ...page, document });
}

export function withPage(state: State, page: Page): State {
  const [first, ...others] = state.pages;
  return { ...state, pages: others.length === 0 ? [page] : [first, ...others.slice(0, -1), page] };
}

function onText(state: State): boolean {
  return isText(shownPage(state)) && !onSnapshots(state) && !onContent(state);
}

function onProcesses(state: State): boolean {
  const page = shownPage(state);
  return page.kind === 'instance' && page.tab === 'processes';
}

export function onLog(state: State): boolean {
  const page = shownPage(state);
  return page.kind === 'instance' && page.tab === 'log';
}

function onScrollback(state: State): boolean {
  return shownPage(state).kind === 'scrollback';
}

function hasInstance(state: State): boolean {
  const page = shownPage(state);
  return page.kind === 'instance' || (page.kind === 'table' && page.table === 'instances');
}

function atLog(state: State): State {
  const page = shownPage(state);
  if (page.kind === 'instance') {
    return withPage(state, { ...page, tab: 'log', document: { ...newDocument, follow: true } });
  }
  const key = state.tables.instances.cursor;
  return key === undefined ? state : { ...state, pages: [...state.pages, instancePage(key, 'log')] };
}

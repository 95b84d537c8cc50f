import { blank, fitLine, type Line, line, type Span, span, spread, widthOf } from '../frame/line.ts';
import { screenOf } from '../keys/screen-commands.ts';
import { nameOf } from '../state/batches.ts';
import { bodyHeight } from '../state/geometry.ts';
import { isText, tabNames } from '../state/page.ts';
import { lostServers } from '../state/remotes.ts';
import { type ScreenName, type State, screenNames, shownPage } from '../state/state.ts';
import { tables } from '../tables/registry.ts';
import { documentLines, documentView, offsetOf } from './document.ts';
import { filesLines } from './files-view.ts';
import { footerLine } from './footer-view.ts';
import { withOverlay } from './overlay-view.ts';
import { paneLines } from './panes-view.ts';
import { safe } from './safe.ts';
import { statusLine } from './status-view.ts';
import { tableLines } from './table-view.ts';

/** The least that anything can be shown on. */
const minColumns = 20;
const minRows = 6;

/** The whole screen: as many lines as the terminal has rows, each as wide as it has columns. */
export function frameLines(state: State): readonly Line[] {
  const { columns, rows } = state.size;
  if (columns < minColumns || rows < minRows) {
    const small = [line('The terminal is too small')];
    return Array.from({ length: Math.max(1, rows) }, (_, index) => fitLine(small[index] ?? blank, columns));
  }
  const page = shownPage(state);
  const body =
    page.kind === 'table'
      ? tableLines(state, page.table)
      : page.kind === 'files'
        ? filesLines(state, page)
        : [titleLine(state), ...documentView(state)];
  const height = bodyHeight(state) + 1;
  const frame = [
    screensLine(state),
    ...bannerLines(state),
    ...Array.from({ length: height }, (_, index) => body[index] ?? blank),
    ...paneLines(state),
    statusLine(state),
    footerLine(state),
  ].map((one) => fitLine(one, columns));
  return state.overlay === undefined ? frame : withOverlay(state, frame, state.overlay);
}

function screensLine(state: State): Line {
  const present = screenOf(state);
  const spans: Span[] = [];
  const full = screenNames.reduce((sum, name) => sum + titleOf(name).length + 1, 1);
  const shown = (name: ScreenName) => (full <= state.size.columns ? titleOf(name) : shortTitleOf(name));
  for (const [index, name] of screenNames.entries()) {
    const edge = name === present ? '[' : screenNames[index - 1] === present ? ']' : ' ';
    spans.push(span(edge), span(shown(name), name === present ? 'strong' : undefined));
  }
  spans.push(span(screenNames.at(-1) === present ? ']' : ' '));
  const size = spans.reduce((sum, { text }) => sum + widthOf(text), 0);
  const host = state.data.server?.name ?? '';
  const right = state.size.columns - size > host.length + 4 ? line(span(`${safe(host)} `, 'accent')) : line();
  return { ...spread(line(...spans), right, state.size.columns), base: 'bar' };
}

function titleOf(name: ScreenName): string {
  return name === 'server' ? 'Server' : tables[name].title;
}

function shortTitleOf(name: ScreenName): string {
  return name === 'server' ? 'Server' : tables[name].short;
}

/** A line for each server that cannot be reached: the others are shown as ever. */
function bannerLines(state: State): Line[] {
  return lostServers(state).map(({ remote, reason }) => {
    const which = remote === '' ? '' : `${safe(remote)}: `;
    return line(' ', span(`${which}Disconnected, trying again. ${safe(reason)}`, 'bad'));
  });
}

function filterNote(filter: string): string {
  return filter.startsWith('!') ? `lines without "${safe(filter.slice(1))}"` : `lines with "${safe(filter)}"`;
}

/** The title of a page that is a text: whose it is, its tabs, how far one is in it. */
function titleLine(state: State): Line {
  const page = shownPage(state);
  if (!isText(page)) return blank;
  const { document } = page;
  const lines = documentLines(state).length;
  const height = bodyHeight(state);
  const offset = offsetOf(document, lines, height);
  const where = lines <= height ? '' : `${Math.min(lines, offset + height)} of ${lines} `;
  const notes = [
    ...(document.follow ? ['following'] : []),
    ...(document.filter === '' ? [] : [filterNote(document.filter)]),
    ...(document.search === '' ? [] : [`/${safe(document.search)}`]),
  ];
  const right = line(span(`${notes.join('  ')}  ${where}`, 'dim'));
  if (page.kind === 'server') return spread(line(' ', span('Server', 'strong')), right, state.size.columns);
  if (page.kind === 'scrollback') {
    const title = line(' ', span(safe(nameOf(page.key)), 'strong'), span(' what its pane has shown', 'dim'));
    return spread(title, right, state.size.columns);
  }
  const name = page.kind === 'file' ? `${nameOf(page.key)}${page.path}` : nameOf(page.key);
  const spans: Span[] = [span(' '), span(safe(name), 'strong'), span(' ')];
  if (page.kind === 'instance') {
    for (const [index, name] of tabNames.entries()) {
      const edge = name === page.tab ? '[' : tabNames[index - 1] === page.tab ? ']' : ' ';
      spans.push(span(edge, 'key'), span(name, name === page.tab ? 'key' : 'dim'));
    }
    spans.push(span(tabNames.at(-1) === page.tab ? ']' : ' ', 'key'));
  }
  return spread(line(...spans), right, state.size.columns);
}

import { blank, fit, fitLine, type Line, line, type Span, span, spread, widthOf } from '../frame/line.ts';
import { screenOf } from '../keys/screen-commands.ts';
import { nameOf } from '../state/batches.ts';
import { bodyHeight } from '../state/geometry.ts';
import { isText, type TabName, tabNames } from '../state/page.ts';
import { lostServers } from '../state/remotes.ts';
import { type ScreenName, type State, screenNames, shownPage } from '../state/state.ts';
import { tables } from '../tables/registry.ts';
import { documentView } from './document.ts';
import { filesLines } from './files-view.ts';
import { footerLine } from './footer-view.ts';
import { withOverlay } from './overlay-view.ts';
import { paneLines } from './panes-view.ts';
import { safe } from './safe.ts';
import { statusLines } from './status-view.ts';
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
  const status = statusLines(state);
  const above = [
    screensLine(state),
    ...bannerLines(state),
    ...Array.from({ length: height }, (_, index) => body[index] ?? blank),
    ...paneLines(state),
  ];
  // What takes more than its line covers the last ones of what is above it.
  const frame = [...above.slice(0, above.length + 1 - status.length), ...status, footerLine(state)].map((one) =>
    fitLine(one, columns),
  );
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

/** The title of a page that is a text: whose it is, and its tabs. */
function titleLine(state: State): Line {
  const page = shownPage(state);
  if (!isText(page)) return blank;
  if (page.kind === 'server') return line(' ', span('Server', 'strong'));
  if (page.kind === 'scrollback') {
    return line(' ', span(safe(nameOf(page.key)), 'strong'), span(' what its pane has shown', 'dim'));
  }
  const tabs = page.kind === 'instance' ? tabSpans(page.tab) : [];
  const tabsWidth = tabs.reduce((sum, { text }) => sum + widthOf(text), 0);
  const room = Math.max(leastNameWidth, state.size.columns - tabsWidth - 2);
  const name = safe(page.kind === 'file' ? `${nameOf(page.key)}${page.path}` : nameOf(page.key));
  return line(' ', span(fit(name, Math.min(room, widthOf(name))), 'strong'), ' ', ...tabs);
}

/** So much of a name is shown, whatever else has room. */
const leastNameWidth = 8;

function tabSpans(present: TabName): Span[] {
  const spans = tabNames.flatMap((name, index) => {
    const edge = name === present ? '[' : tabNames[index - 1] === present ? ']' : ' ';
    return [span(edge, 'key'), span(name, name === present ? 'key' : 'dim')];
  });
  return [...spans, span(tabNames.at(-1) === present ? ']' : ' ', 'key')];
}

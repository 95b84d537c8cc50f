import { serverRecord } from '../../server/record.ts';
import { type Line, line, type Span, span, textOf, wrapped } from '../frame/line.ts';
import { bodyHeight } from '../state/geometry.ts';
import { type DocumentState, isText, type TextPage } from '../state/page.ts';
import { type State, shownPage } from '../state/state.ts';
import { tables } from '../tables/registry.ts';
import { instanceLines } from './instance-tabs.ts';
import { keyWord } from './key-word.ts';
import { safe } from './safe.ts';
import { yamlLines } from './yaml-lines.ts';

/** All lines of the page that is shown, as they are after filter and line breaks. Empty for a list. */
export function documentLines(state: State): readonly Line[] {
  const page = shownPage(state);
  if (!isText(page)) return [];
  const all = contentOf(state, page);
  const passes = lineFilter(page.document.filter);
  const kept = passes === undefined ? all : all.filter((one) => passes(textOf(one)));
  return page.document.wrap ? kept.flatMap((one) => wrapped(one, state.size.columns)) : kept;
}

/** Which lines a filter leaves: those with its text, after `!` those without it. Undefined: all. */
function lineFilter(filter: string): ((text: string) => boolean) | undefined {
  const isInverse = filter.startsWith('!');
  const wanted = filter.slice(isInverse ? 1 : 0).toLowerCase();
  return wanted === '' ? undefined : (text) => text.toLowerCase().includes(wanted) !== isInverse;
}

/** The lines of it that the screen has room for. */
export function documentView(state: State): Line[] {
  const page = shownPage(state);
  if (!isText(page)) return [];
  const lines = documentLines(state);
  const height = bodyHeight(state);
  const shown = lines.slice(offsetOf(page.document, lines.length, height)).slice(0, height);
  const { search } = page.document;
  return search === '' ? shown : shown.map((one) => highlighted(one, search));
}

export function offsetOf(document: DocumentState, lines: number, height: number): number {
  const last = Math.max(0, lines - height);
  return document.follow ? last : Math.min(document.offset, last);
}

function contentOf(state: State, page: TextPage): readonly Line[] {
  if (page.kind === 'instance') return instanceLines(state, page);
  if (page.kind === 'server') {
    const { server } = state.data;
    const { serverConfig } = state.data;
    if (server !== undefined) {
      const config = serverConfig === undefined ? {} : { config: serverConfig };
      return yamlLines({ ...config, ...(serverRecord(server) as object) });
    }
    return [line(span(state.data.failures.server ?? 'Reading …', 'dim'))];
  }
  if (page.kind === 'scrollback') return page.lines;
  if (page.kind === 'file') return page.lines.map((text) => line(safe(text)));
  const record = tables[page.table].record(state.data, page.key);
  return record === undefined
    ? [line(span(`It does not exist any more: ${keyWord(state.bindings, 'back')} goes back`, 'dim'))]
    : yamlLines(record);
}

function highlighted(full: Line, search: string): Line {
  const wanted = search.toLowerCase();
  const spans = full.spans.flatMap((one): Span[] => {
    const parts: Span[] = [];
    const lower = one.text.toLowerCase();
    // Of a text whose lower case has another length, the places are not those of the text.
    if (lower.length !== one.text.length) return [one];
    let from = 0;
    for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
      if (at > from) parts.push({ ...one, text: one.text.slice(from, at) });
      parts.push(span(one.text.slice(at, at + wanted.length), 'match'));
      from = at + wanted.length;
    }
    if (from < one.text.length) parts.push({ ...one, text: one.text.slice(from) });
    return parts;
  });
  return { ...full, spans };
}

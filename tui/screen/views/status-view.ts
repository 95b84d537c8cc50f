import { hasEnded } from '../../client/operation.ts';
import { type Line, line, span, spread, textOf, widthOf, wrappedWords } from '../frame/line.ts';
import { namesOf } from '../state/batches.ts';
import { bodyHeight } from '../state/geometry.ts';
import { isText } from '../state/page.ts';
import { type State, shownPage, shownTable } from '../state/state.ts';
import { progressOf } from '../tables/other-tables.ts';
import { documentLines, offsetOf } from './document.ts';
import { safe } from './safe.ts';

/**
 * Above the footer: what has just happened, or is under way, and how much is shown. One line, unless what went wrong takes
 * more to say.
 */
export function statusLines(state: State): readonly Line[] {
  const { columns } = state.size;
  const [left, right] = [leftOf(state), rightOf(state)];
  const room = columns - widthOf(textOf(right)) - 1;
  const isLong = state.notice?.kind === 'bad' && widthOf(textOf(left)) > room;
  if (!isLong || state.overlay !== undefined) return [spread(left, right, columns)];
  const said = wrappedWords(textOf(left).trim(), room - 1).slice(0, maxRows);
  return said.map((text, index) => {
    const one = line(' ', span(text, 'bad'));
    return index === said.length - 1 ? spread(one, right, columns) : one;
  });
}

/** More is not shown of what went wrong. */
const maxRows = 4;

function leftOf(state: State): Line {
  const { notice } = state;
  const name = shownTable(state);
  const wrong = name === undefined ? undefined : state.tables[name].filterError;
  if (wrong !== undefined) return line(' ', span(`✖ ${safe(wrong)}`, 'bad'));
  if (notice !== undefined) {
    const mark = notice.kind === 'good' ? '✔ ' : notice.kind === 'bad' ? '✖ ' : '';
    const role = notice.kind === 'info' ? undefined : notice.kind;
    return line(' ', span(`${mark}${safe(notice.text)}`, role));
  }
  return progressLine(state) ?? line();
}

function progressLine(state: State): Line | undefined {
  const batch = state.batches.at(-1);
  const running = [...state.data.operations.values()].filter(({ operation }) => !hasEnded(operation));
  const last = running.at(-1);
  if (batch !== undefined && batch.targets.length > 1) {
    const done = `${batch.ended.length} of ${batch.targets.length}`;
    return line(' ', span(`${batch.doing} ${namesOf(batch.targets, batch.noun)}: ${done}`, 'busy'));
  }
  if (last !== undefined) {
    const more = running.length > 1 ? `  and ${running.length - 1} more` : '';
    const { operation, remote } = last;
    const whose = remote === '' ? '' : `${remote}: `;
    return line(' ', span(safe(whose + operation.description), 'busy'), `  ${safe(progressOf(operation))}${more}`);
  }
  return batch === undefined ? undefined : line(' ', span(`${batch.doing} ${safe(namesOf(batch.targets))}`, 'busy'));
}

/** Where one is, when that is not the usual place. */
function projectOf({ allProjects, project }: State): string {
  if (allProjects) return 'all projects';
  return project === 'default' ? '' : project;
}

function rightOf(state: State): Line {
  return isText(shownPage(state)) ? placeIn(state) : countOf(state);
}

/** Of a text: what of it is shown, and how far one is. */
function placeIn(state: State): Line {
  const page = shownPage(state);
  if (!isText(page)) return line();
  const { document } = page;
  const lines = documentLines(state).length;
  const height = bodyHeight(state);
  const offset = offsetOf(document, lines, height);
  const notes = [
    ...(document.follow ? ['following'] : []),
    ...(document.filter === '' ? [] : [filterNote(document.filter)]),
    ...(document.search === '' ? [] : [`/${safe(document.search)}`]),
    ...(lines <= height ? [] : [`${Math.min(lines, offset + height)} of ${lines}`]),
  ];
  return notes.length === 0 ? line() : line(span(` ${notes.join('  ')} `, 'dim'));
}

function filterNote(filter: string): string {
  return filter.startsWith('!') ? `lines without "${safe(filter.slice(1))}"` : `lines with "${safe(filter)}"`;
}

function countOf(state: State): Line {
  const name = shownTable(state);
  if (name === undefined) return line();
  const { filter, marked, visible } = state.tables[name];
  const all = state.data[name].size;
  const parts = [
    ...(projectOf(state) === '' ? [] : [span(`${safe(projectOf(state))}  `, 'accent')]),
    ...(marked.size > 0 ? [span(`${marked.size} marked  `, 'marked')] : []),
    ...(filter === '' || state.prompt?.kind === 'filter' ? [] : [span(`/${safe(filter)}  `, 'accent')]),
    span(visible.length === all ? `${all} ` : `${visible.length} of ${all} `, 'dim'),
  ];
  return line(...parts);
}

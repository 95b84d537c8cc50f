import { hasEnded } from '../../client/operation.ts';
import { type Line, line, span, spread } from '../frame/line.ts';
import { namesOf } from '../state/batches.ts';
import { type State, shownTable } from '../state/state.ts';
import { progressOf } from '../tables/other-tables.ts';
import { safe } from './safe.ts';

/** The line above the footer: what has just happened, or is under way, and how much is shown. */
export function statusLine(state: State): Line {
  return spread(leftOf(state), countOf(state), state.size.columns);
}

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

import { blank, type Line, line, type Span, span, widthOf } from '../frame/line.ts';
import { commandsHere } from '../keys/commands.ts';
import type { LineEditor } from '../keys/line-editor.ts';
import type { Prompt } from '../state/page.ts';
import type { State } from '../state/state.ts';
import { keyLabel } from './key-label.ts';

/** The last line: what is typed, or what the keys do here. */
export function footerLine(state: State): Line {
  if (state.prompt !== undefined) return promptLine(state.prompt);
  if (state.overlay !== undefined) return blank;
  if (state.typing.length > 0) {
    const where = state.typing.length === 1 ? 'this pane' : `${state.typing.length} panes`;
    return line(' ', span('^]', 'key'), span(` back to the list   what is typed goes to ${where}`, 'dim'));
  }
  const spans: Span[] = [span(' ')];
  let rest = state.size.columns - 1;
  for (const { command, keys } of hinted(state)) {
    const label = keyLabel(keys[0] ?? '');
    const size = widthOf(label) + 1 + widthOf(command.hint ?? '') + 2;
    if (size > rest) continue;
    rest -= size;
    spans.push(span(label, 'key'), span(` ${command.hint}  `, 'dim'));
  }
  return line(...spans);
}

/** Help first, since it tells of all that have no room. */
function hinted(state: State) {
  const all = commandsHere(state).filter(
    ({ command, keys }) => command.hint !== undefined && keys.length > 0 && command.obstacle?.(state) === undefined,
  );
  const isBasic = (id: string) => id === 'help' || id === 'palette';
  return [...all.filter(({ command }) => isBasic(command.id)), ...all.filter(({ command }) => !isBasic(command.id))];
}

const labels: Readonly<Record<Prompt['kind'], string>> = {
  ...{ filter: 'Filter: ', search: 'Search: ', 'line-filter': 'Lines with: ' },
  ...{ run: 'Run: ', create: 'Name: ', push: 'Push the local file: ', save: 'Save to the local file: ' },
  ...{ snapshot: 'Name of the snapshot: ', rename: 'New name: ', copy: 'Name of the copy: ' },
  ...{ 'rename-snapshot': 'New name: ', 'rename-object': 'New name: ' },
  'snapshot-expiry': 'Expires in or on, empty for never (1w, 1d 12H, 2031-05-01): ',
};

function promptLine({ kind, editor }: Prompt): Line {
  return line(' ', span(labels[kind], 'key'), ...editorSpans(editor));
}

/** A text with its cursor, which is drawn: the terminal's own stays hidden. */
export function editorSpans({ text, cursor }: LineEditor): Span[] {
  const at = [...text.slice(cursor)][0] ?? ' ';
  return [span(text.slice(0, cursor)), span(at, 'selected'), span(text.slice(cursor + at.length))];
}

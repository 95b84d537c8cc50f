import { clustersOf } from '../../output/text-width.ts';
import { blank, cut, type Line, line, type Span, span, spread, widthOf } from '../frame/line.ts';
import { keysOf } from '../keys/bindings.ts';
import { commandsHere } from '../keys/commands.ts';
import type { LineEditor } from '../keys/line-editor.ts';
import { typingHelpCommand } from '../keys/screen-commands.ts';
import type { Prompt } from '../state/page.ts';
import type { State } from '../state/state.ts';
import { keyLabel } from './key-label.ts';
import { keyWord } from './key-word.ts';

/** The last line: what is typed, or what the keys do here. */
export function footerLine(state: State): Line {
  if (state.prompt !== undefined) return promptLine(state, state.prompt);
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

function promptLine(state: State, { kind, editor }: Prompt): Line {
  const { columns } = state.size;
  const label = cut(` ${labels[kind]}`, Math.max(0, columns - leastTyped));
  const help = typingHelp(state);
  const room = columns - widthOf(label);
  const typed = line(span(label, 'key'), ...editorSpans(editor, Math.max(leastTyped, room - widthOf(help))));
  return room - widthOf(help) < leastTyped ? typed : spread(typed, line(span(help, 'dim')), columns);
}

/** Columns that what is typed has at least. */
const leastTyped = 12;

/** Says by which key there is help where text is typed: `?` is text there. */
export function typingHelp({ bindings }: State): string {
  return keysOf(bindings, typingHelpCommand).length === 0 ? '' : `${keyWord(bindings, typingHelpCommand.id)} help  `;
}

/** A text with its cursor, which is drawn: the terminal's own stays hidden. */
export function editorSpans({ text, cursor }: LineEditor, room: number): Span[] {
  const at = clustersOf(text.slice(cursor))[0] ?? ' ';
  const before = endOf(text.slice(0, cursor), room - widthOf(at));
  const after = cut(text.slice(cursor + at.length), room - widthOf(before) - widthOf(at));
  return [span(before), span(at, 'selected'), span(after)];
}

/** The end of a text that is too long, where it goes on being typed. */
function endOf(text: string, room: number): string {
  if (widthOf(text) <= room) return text;
  const clusters = [...clustersOf(text)];
  let kept = '';
  for (let one = clusters.pop(); one !== undefined && widthOf(one + kept) < room; one = clusters.pop()) {
    kept = one + kept;
  }
  return `…${kept}`;
}

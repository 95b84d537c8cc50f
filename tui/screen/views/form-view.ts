import { button, editorIn, type Field, type Form, suggestionsFor } from '../forms/form.ts';
import { forms } from '../forms/registry.ts';
import { cut, fit, type Line, line, span, spread, wrappedWords } from '../frame/line.ts';
import type { State } from '../state/state.ts';
import { editorSpans } from './footer-view.ts';
import { safe } from './safe.ts';

/** Rows of a box that are neither fields nor suggestions: its edges, the hint, the command, what the keys do. */
const otherRows = 9;
const labelWidth = 15;
const maxLabelWidth = 24;
const mostSuggestions = 6;
const fewestSuggestions = 3;
const hintRows = 2;

/** The form, what is said of the field one is in with its suggestions, and the command that does the same. */
export function formLines(state: State, form: Form, width: number): Line[] {
  const spec = forms[form.name];
  const fields = spec.fields(form, state);
  const rows = fieldRows(state, form, fields, width);
  const room = Math.max(fewestSuggestions + 2, state.size.rows - otherRows);
  const fieldRoom = Math.min(rows.length, room - fewestSuggestions);
  const at = [...fields.map(({ id }) => id), button].indexOf(form.focus);
  const top = Math.max(0, Math.min(at - Math.floor(fieldRoom / 2), rows.length - fieldRoom));
  const offers = fields.some(({ choices }) => choices !== undefined);
  const suggestions = offers ? suggestionLines(form, fields, Math.min(mostSuggestions, room - fieldRoom), width) : [];
  const command = spec.command?.(form, state);
  return [
    ...rows.slice(top, top + fieldRoom),
    ...hintLines(form, fields, width),
    ...suggestions,
    ...(command === undefined ? [] : [commandLine(command)]),
  ];
}

/** Empty as long as there is no command that does what the form asks for so far. */
function commandLine(command: string): Line {
  return command === '' ? line() : line(span('$ ', 'dim'), span(safe(command), 'accent'));
}

function fieldRows(state: State, form: Form, fields: readonly Field[], width: number): Line[] {
  const longest = Math.max(labelWidth, ...fields.map(({ label }) => label.length + 1));
  const size = Math.min(longest, maxLabelWidth);
  const isOnButton = form.focus === button;
  return [
    ...fields.map((field) => fieldLine(form, field, size, width - size - 2)),
    line(
      isOnButton ? '▸ ' : '  ',
      span(`[ ${forms[form.name].button(form)} ]`, isOnButton ? 'selected' : 'strong'),
      span(state.data.loaded.size === 0 ? '  Reading …' : '', 'dim'),
    ),
  ];
}

function fieldLine(form: Form, field: Field, size: number, room: number): Line {
  const isFocused = form.focus === field.id;
  const mark = isFocused ? '▸ ' : '  ';
  const label = span(fit(safe(field.label), size), isFocused ? 'key' : 'dim');
  if (field.kind === 'switch') return line(mark, label, form.switches[field.id] === true ? '[x] yes' : '[ ] no');
  const editor = editorIn(form, field.id);
  return line(mark, label, ...(isFocused ? editorSpans(editor, room) : [span(safe(editor.text))]));
}

/** Always as many: the box keeps its size while one goes from field to field. */
function hintLines(form: Form, fields: readonly Field[], width: number): Line[] {
  const hint = fields.find(({ id }) => id === form.focus)?.hint ?? '';
  const [said, role] = form.error === undefined ? ([hint, 'dim'] as const) : ([form.error, 'bad'] as const);
  const rows = wrappedWords(safe(said), width).slice(0, hintRows);
  const lines = rows.map((row) => line(span(row, role)));
  return [...lines, ...Array.from({ length: hintRows - lines.length }, () => line())];
}

function suggestionLines(form: Form, fields: readonly Field[], rows: number, width: number): Line[] {
  const all = suggestionsFor(form, fields);
  const first = Math.max(0, Math.min(form.suggestion - rows + 1, all.length - rows));
  const rest = all.length - first - rows;
  const shown = all.slice(first, first + rows).map((text, index): Line => {
    const isLast = index === rows - 1;
    const more = isLast && rest > 0 ? line(span(` and ${rest} more`, 'dim')) : line();
    const one = spread(
      line(`   ${first + index === form.suggestion ? '▸' : ' '} ${cut(safe(text), width)}`),
      more,
      width,
    );
    return first + index === form.suggestion ? { ...one, base: 'selected' } : one;
  });
  return [...shown, ...Array.from({ length: Math.max(0, rows - shown.length) }, () => line())];
}

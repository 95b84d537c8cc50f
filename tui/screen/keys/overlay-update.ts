import { type Form, formKey, formPaste } from '../forms/form.ts';
import { forms } from '../forms/registry.ts';
import type { Step } from '../state/effect.ts';
import type { Confirmation, Overlay } from '../state/overlay.ts';
import { type State, shownTable } from '../state/state.ts';
import { unmarked } from '../state/table-state.ts';
import { shownColumns } from '../tables/columns.ts';
import { fuzzyMatch } from '../tables/fuzzy.ts';
import { tables } from '../tables/registry.ts';
import { keysOf } from './bindings.ts';
import { asking, type Command, only } from './command.ts';
import { commandFor, commandsHere } from './commands.ts';
import type { KeyPress } from './key-name.ts';
import { carriedOut } from './key-update.ts';
import { editLine, insert } from './line-editor.ts';
import { sortedBy, withTable } from './list-commands.ts';
import { helped, isTyping } from './screen-commands.ts';
import { copiedText, copyCommand } from './text-commands.ts';

/** The state after a key while a box is open. */
export function overlayKeyed(state: State, overlay: Overlay, press: KeyPress): Step<State> {
  const { key } = press;
  if (key === 'escape' || key === 'ctrl+c') return only(closed(state));
  const isHelp = commandFor(state, key)?.id === 'help';
  if (isHelp && overlay.kind !== 'help' && !isTyping(state)) return only(helped(state));
  switch (overlay.kind) {
    case 'help':
      return only(scrolling(state, overlay, key));
    case 'results':
      return keysOf(state.bindings, copyCommand).includes(key)
        ? copiedText(state, overlay.copied ?? overlay.lines.join('\n'))
        : only(scrolling(state, overlay, key));
    case 'sort':
      return only(sorting(state, overlay, key));
    case 'palette':
      return inPalette(state, overlay, press);
    case 'confirm':
      return confirming(state, overlay, press);
    case 'form':
      return inForm(state, overlay.form, press);
  }
}

export function overlayPasted(state: State, overlay: Overlay, text: string): State {
  if (overlay.kind === 'form') {
    const { form } = overlay;
    return { ...state, overlay: { kind: 'form', form: formPaste(form, text, forms[form.name].fields(form, state)) } };
  }
  if (overlay.kind !== 'palette' && overlay.kind !== 'confirm') return state;
  return { ...state, overlay: { ...overlay, editor: insert(overlay.editor, text) } };
}

/** Commands that the palette offers for what is typed. */
export function paletteCommands(state: State, text: string): readonly Command[] {
  const word = text.trim();
  const offered = commandsHere({ ...state, overlay: undefined })
    .map(({ command }) => command)
    .filter(({ id }) => !/^sort-\d$/.test(id));
  const starting = offered.filter(({ id }) => id.startsWith(word));
  const others = offered.filter(
    ({ id, help }) => !id.startsWith(word) && (fuzzyMatch(word, id) || help.toLowerCase().includes(word.toLowerCase())),
  );
  return word === '' ? offered : [...starting, ...others];
}

/** Below the help, what it was opened over is there again. */
function closed(state: State): State {
  return { ...state, overlay: state.overlay?.kind === 'help' ? state.overlay.over : undefined };
}

function done(state: State): State {
  return withTable(closed(state), unmarked);
}

function scrolling(state: State, overlay: Extract<Overlay, { kind: 'help' | 'results' }>, key: string): State {
  const page = Math.max(1, state.size.rows - 8);
  const steps: Readonly<Record<string, number>> = {
    ...{ down: 1, j: 1, up: -1, k: -1, pageDown: page, space: page, pageUp: -page },
    ...{ home: Number.NEGATIVE_INFINITY, g: Number.NEGATIVE_INFINITY },
  };
  const step = steps[key];
  // Any other key closes it: nobody reads a help to learn how to leave it.
  if (step === undefined) return closed(state);
  return { ...state, overlay: { ...overlay, offset: Math.max(0, overlay.offset + step) } };
}

function sorting(state: State, overlay: Extract<Overlay, { kind: 'sort' }>, key: string): State {
  const name = shownTable(state);
  if (name === undefined) return closed(state);
  const { length } = shownColumns(tables[name], state);
  if (key === 'enter') return sortedBy(closed(state), overlay.index);
  if (/^[1-9]$/.test(key)) return sortedBy(closed(state), Number(key) - 1);
  const step = key === 'down' || key === 'j' ? 1 : key === 'up' || key === 'k' ? -1 : 0;
  if (step === 0) return state;
  return { ...state, overlay: { ...overlay, index: (overlay.index + step + length) % length } };
}

function inPalette(state: State, overlay: Extract<Overlay, { kind: 'palette' }>, press: KeyPress): Step<State> {
  const offered = paletteCommands(state, overlay.editor.text);
  if (press.key === 'enter') {
    const command = offered[overlay.index];
    return command === undefined ? only(state) : carriedOut(closed(state), command);
  }
  const step =
    press.key === 'down' || press.key === 'tab' ? 1 : press.key === 'up' || press.key === 'shift+tab' ? -1 : 0;
  if (step !== 0 && offered.length > 0) {
    const index = (overlay.index + step + offered.length) % offered.length;
    return only({ ...state, overlay: { ...overlay, index } });
  }
  if (press.key === 'backspace' && overlay.editor.text === '') return only(closed(state));
  const editor = editLine(overlay.editor, press);
  return only(editor === undefined ? state : { ...state, overlay: { ...overlay, editor, index: 0 } });
}

function inForm(state: State, form: Form, press: KeyPress): Step<State> {
  const spec = forms[form.name];
  const next = formKey(form, press, spec.fields(form, state), state.data.loaded);
  if (next !== 'submit') return only({ ...state, overlay: { kind: 'form', form: next } });
  const submitted = spec.submit(form, closed(state));
  return 'error' in submitted
    ? only({ ...state, overlay: { kind: 'form', form: { ...form, error: submitted.error } } })
    : submitted;
}

function confirming(state: State, overlay: Confirmation, press: KeyPress): Step<State> {
  const { expected, editor, effect } = overlay;
  if (expected === undefined) {
    const step = press.key === 'down' ? 1 : press.key === 'up' ? -1 : 0;
    if (step !== 0) {
      const offset = Math.max(0, Math.min(overlay.lines.length - 1, (overlay.offset ?? 0) + step));
      return only({ ...state, overlay: { ...overlay, offset } });
    }
    if (press.key === 'y' || press.key === 'Y' || press.key === 'enter') return asking(done(state), effect);
    return only(closed(state));
  }
  if (press.key === 'enter') {
    return editor.text === expected ? asking(done(state), effect) : only(state);
  }
  const next = editLine(editor, press);
  return only(next === undefined ? state : { ...state, overlay: { ...overlay, editor: next } });
}

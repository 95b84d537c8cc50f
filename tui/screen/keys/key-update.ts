import type { Step } from '../state/effect.ts';
import { placeOf } from '../state/instance-rows.ts';
import { isText } from '../state/page.ts';
import { type State, shownPage, shownTable, withNotice } from '../state/state.ts';
import { keysOf } from './bindings.ts';
import { asking, type Command, only } from './command.ts';
import { commandFor, commandNamed } from './commands.ts';
import { withDocument } from './document-commands.ts';
import { inInstance } from './file-commands.ts';
import type { KeyPress } from './key-name.ts';
import { editLine, insert, type LineEditor } from './line-editor.ts';
import { withTable } from './list-commands.ts';
import { overlayKeyed, overlayPasted } from './overlay-update.ts';
import { typingHelpCommand } from './screen-commands.ts';
import { saved } from './text-commands.ts';

/** The state after a key: an open box has it first, then the line that is typed, then the page. */
export function keyed(state: State, press: KeyPress): Step<State> {
  // Where text is typed too: as job control has it everywhere.
  const command = commandFor(state, press.key);
  if (command?.id === 'suspend' && press.text === '') return command.run(state);
  const asksForHelp = keysOf(state.bindings, typingHelpCommand).includes(press.key) && press.text === '';
  if (asksForHelp && typingHelpCommand.here(state)) return typingHelpCommand.run(state);
  if (state.overlay !== undefined) return overlayKeyed(state, state.overlay, press);
  if (state.prompt !== undefined) return promptKeyed(state, state.prompt, press);
  return command === undefined ? only(state) : carriedOut(state, command);
}

export function pasted(state: State, text: string): Step<State> {
  if (state.overlay !== undefined) return only(overlayPasted(state, state.overlay, text));
  if (state.prompt === undefined) return only(state);
  return only(typed(state, state.prompt, insert(state.prompt.editor, text)));
}

/** A command, unless something stands in its way: then that is said. */
export function carriedOut(state: State, command: Command): Step<State> {
  const obstacle = command.obstacle?.(state);
  return obstacle === undefined ? command.run(state) : only(withNotice(state, 'bad', obstacle));
}

type Prompt = NonNullable<State['prompt']>;

function promptKeyed(state: State, prompt: Prompt, press: KeyPress): Step<State> {
  const { key } = press;
  if (key === 'escape' || key === 'ctrl+c') {
    return only({ ...applied(state, prompt, prompt.before), prompt: undefined });
  }
  if (key === 'enter') return entered(state, prompt);
  // The list stays in reach while one types.
  if (prompt.kind === 'filter' && (key === 'up' || key === 'down')) {
    const command = commandNamed(state, key);
    return command === undefined ? only(state) : command.run(state);
  }
  if (key === 'backspace' && prompt.editor.text === '') return only({ ...state, prompt: undefined });
  const editor = editLine(prompt.editor, press);
  return only(editor === undefined ? state : typed(state, prompt, editor));
}

function entered(state: State, prompt: Prompt): Step<State> {
  const { kind, editor, subject, object = '' } = prompt;
  const left = { ...state, prompt: undefined };
  if (kind === 'search') {
    const page = shownPage(left);
    // At the end of what grows, what came before is looked for.
    const isAtEnd = isText(page) && page.document.follow;
    const next = commandNamed(left, isAtEnd ? 'previous-match' : 'next-match');
    return next === undefined ? only(left) : next.run(left);
  }
  const table = shownTable(state);
  if (
    kind === 'create' &&
    (table === 'profiles' || table === 'projects' || table === 'trust') &&
    editor.text.trim() !== ''
  ) {
    return asking(left, { kind: 'create', what: table, name: editor.text.trim() });
  }
  if (kind === 'rename-object' && (table === 'profiles' || table === 'projects' || table === 'trust')) {
    const to = editor.text.trim();
    return to === '' || to === object ? only(left) : asking(left, { kind, what: table, from: object, to });
  }
  if (kind === 'save') return editor.text.trim() === '' ? only(left) : saved(left, editor.text.trim());
  if (subject !== undefined) return named(left, prompt, subject, editor.text.trim());
  const page = shownPage(state);
  if (kind === 'push' && page.kind === 'files' && editor.text.trim() !== '') {
    const words = ['file', 'push', editor.text.trim(), `${inInstance(page)}/`];
    return asking(left, { kind: 'command', words, key: page.key });
  }
  return only(left);
}

/** What is done with an instance once a name or a command was typed for it. */
function named(state: State, { kind, object = '' }: Prompt, key: string, name: string): Step<State> {
  if (kind === 'snapshot') return asking(state, { kind: 'create-snapshot', key, name });
  if (kind === 'rename-snapshot' || kind === 'snapshot-expiry') return ofSnapshot(state, kind, key, object, name);
  if (kind === 'copy') return asking(state, { kind: 'copy-instance', key, name });
  const place = placeOf(key);
  if (kind === 'rename' && name !== '' && name !== place.name) {
    return asking(state, { kind: 'move', key, name, project: place.project });
  }
  return kind === 'run' && name !== '' ? asking(state, { kind: 'run', key, command: name }) : only(state);
}

function ofSnapshot(
  state: State,
  kind: 'rename-snapshot' | 'snapshot-expiry',
  key: string,
  name: string,
  text: string,
): Step<State> {
  if (kind === 'snapshot-expiry') return asking(state, { kind, key, name, expiry: text });
  return text === '' || text === name ? only(state) : asking(state, { kind, key, name, to: text });
}

/** Filters and searches show what they find while one types. */
function typed(state: State, prompt: Prompt, editor: LineEditor): State {
  return { ...applied(state, prompt, editor.text), prompt: { ...prompt, editor } };
}

function applied(state: State, { kind }: Prompt, text: string): State {
  if (kind === 'filter' && shownTable(state) !== undefined) {
    return withTable(state, (table) => ({ ...table, filter: text }));
  }
  if (kind === 'search') return withDocument(state, (document) => ({ ...document, search: text }));
  if (kind === 'line-filter') {
    return withDocument(state, (document) => ({ ...document, filter: text, offset: 0 }));
  }
  return state;
}

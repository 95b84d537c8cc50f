import type { KeyPress } from '../keys/key-name.ts';
import { editLine, editorOf, insert, type LineEditor } from '../keys/line-editor.ts';
import type { Step } from '../state/effect.ts';
import type { ScreenName, State } from '../state/state.ts';
import { fuzzyMatch } from '../tables/fuzzy.ts';

/** One line of a form. */
export interface Field {
  readonly id: string;
  readonly label: string;
  /** What may be typed, or what holds when nothing is; shown while one is in the field. */
  readonly hint: string;
  readonly kind: 'text' | 'switch';
  /** What tab completes. */
  readonly choices?: readonly string[];
  /** Stands between several values: the last one is completed. */
  readonly separator?: ',' | ' ';
  /** The list that the choices come from. */
  readonly source?: ScreenName;
}

/** What a form is about, as far as it is about something. */
export interface FormSubject {
  /** The key of an instance. */
  readonly key?: string;
  /** The name of a device, a key of a configuration. */
  readonly name?: string;
}

/** A form that is open. Which fields it has follows from its name, and from what was typed. */
export interface Form {
  readonly name: FormName;
  readonly subject: FormSubject;
  /** The id of a field, or `done`: the button. */
  readonly focus: string;
  readonly texts: Readonly<Record<string, LineEditor>>;
  readonly switches: Readonly<Record<string, boolean>>;
  /** Which suggestion tab has put in last; -1: none. */
  readonly suggestion: number;
  /** What was typed before tab put something in; suggestions follow from it. */
  readonly typed: string;
  readonly error: string | undefined;
}

export const formNames = [
  ...(['launch', 'move', 'publish', 'rebuild', 'setting', 'device', 'token', 'build-image'] as const),
] as const;
export type FormName = (typeof formNames)[number];

/** What kind of form one is. */
export interface FormSpec {
  readonly title: (form: Form) => string;
  /** The word on the button. */
  readonly button: (form: Form) => string;
  readonly fields: (form: Form, state: State) => readonly Field[];
  /** The command that does the same, as far as there is one. */
  readonly command?: (form: Form, state: State) => string;
  /** What is to be done; or what is wrong with it. `state` is without the form. */
  readonly submit: (form: Form, state: State) => Step<State> | { readonly error: string };
}

export const button = 'done';

/** A form with these texts in it; its first field has the cursor. */
export function newForm(
  name: FormName,
  focus: string,
  given: {
    readonly subject?: FormSubject;
    readonly texts?: Readonly<Record<string, string>>;
    readonly switches?: Readonly<Record<string, boolean>>;
  } = {},
): Form {
  const { subject = {}, texts = {}, switches = {} } = given;
  return {
    ...{ name, subject, focus, switches, suggestion: -1, typed: texts[focus] ?? '', error: undefined },
    texts: Object.fromEntries(Object.entries(texts).map(([id, text]) => [id, editorOf(text)])),
  };
}

/** What was typed into a field, without space around it. */
export function textIn(form: Form, id: string): string {
  return editorIn(form, id).text.trim();
}

export function editorIn({ texts }: Form, id: string): LineEditor {
  return texts[id] ?? editorOf();
}

/** What there is for the field one is in, narrowed by what is typed. */
export function suggestionsFor(form: Form, fields: readonly Field[]): readonly string[] {
  const field = fields.find(({ id }) => id === form.focus);
  if (field?.choices === undefined) return [];
  const word = form.typed.slice(beginOfWord(form.typed, field)).trim();
  return field.choices.filter((choice) => word === '' || fuzzyMatch(word, choice));
}

/** The form after a key; `submit` when it is to be carried out. */
export function formKey(form: Form, press: KeyPress, fields: readonly Field[], loaded: State['data']['loaded']) {
  const { key } = press;
  if (key === 'ctrl+s') return 'submit' as const;
  if (key === 'down') return focused(form, fields, 1);
  if (key === 'up' || key === 'shift+tab') return focused(form, fields, -1);
  if (key === 'enter') return form.focus === button ? ('submit' as const) : focused(form, fields, 1);
  const field = fields.find(({ id }) => id === form.focus);
  if (field === undefined) return key === 'tab' ? focused(form, fields, 1) : form;
  if (field.kind === 'switch') {
    if (key !== 'space' && key !== 'left' && key !== 'right') return key === 'tab' ? focused(form, fields, 1) : form;
    return { ...form, switches: { ...form.switches, [field.id]: form.switches[field.id] !== true } };
  }
  if (key === 'tab') return suggested(form, field, fields, loaded);
  const editor = editLine(editorIn(form, field.id), press);
  return editor === undefined ? form : withText(form, field.id, editor);
}

export function formPaste(form: Form, text: string, fields: readonly Field[]): Form {
  const field = fields.find(({ id }) => id === form.focus);
  return field?.kind === 'text' ? withText(form, field.id, insert(editorIn(form, field.id), text)) : form;
}

function focused(form: Form, fields: readonly Field[], step: number): Form {
  const ids = [...fields.map(({ id }) => id), button];
  const focus = ids[(ids.indexOf(form.focus) + step + ids.length) % ids.length] ?? button;
  return { ...form, focus, suggestion: -1, typed: editorIn(form, focus).text, error: undefined };
}

/** The next suggestion instead of what was typed; without any, the next field. */
function suggested(form: Form, field: Field, fields: readonly Field[], loaded: State['data']['loaded']): Form {
  const all = suggestionsFor(form, fields);
  // Who is faster than the server waits for it here, not in the next field.
  if (all.length === 0) {
    return field.source === undefined || loaded.has(field.source) ? focused(form, fields, 1) : form;
  }
  const suggestion = (form.suggestion + 1) % all.length;
  const text = form.typed.slice(0, beginOfWord(form.typed, field)) + (all[suggestion] ?? '');
  return { ...form, texts: { ...form.texts, [field.id]: editorOf(text) }, suggestion, error: undefined };
}

function beginOfWord(text: string, { separator }: Field): number {
  return separator === undefined ? 0 : text.lastIndexOf(separator) + 1;
}

function withText(form: Form, id: string, editor: LineEditor): Form {
  return { ...form, texts: { ...form.texts, [id]: editor }, typed: editor.text, suggestion: -1, error: undefined };
}

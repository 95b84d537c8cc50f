import type { KeyPress } from '../keys/key-name.ts';
import { editLine, editorOf, insert, type LineEditor } from '../keys/line-editor.ts';
import { fuzzyMatch } from '../tables/fuzzy.ts';
import type { Data, ScreenName } from './state.ts';

export const textFields = ['image', 'name', 'profiles', 'config', 'network', 'pool'] as const;
export type TextField = (typeof textFields)[number];
export const switchFields = ['ephemeral', 'start'] as const;
export type SwitchField = (typeof switchFields)[number];
export const wizardFields = [...textFields, ...switchFields, 'launch'] as const;
export type WizardField = (typeof wizardFields)[number];

/** The form for a new instance. */
export interface Wizard {
  readonly focus: WizardField;
  readonly texts: Readonly<Record<TextField, LineEditor>>;
  readonly switches: Readonly<Record<SwitchField, boolean>>;
  /** Which suggestion tab has put in last. */
  readonly suggestion: number;
  /** What was typed before tab put something in; suggestions follow from it. */
  readonly typed: string;
  readonly error: string | undefined;
}

export interface LaunchRequest {
  readonly image: string;
  readonly name: string;
  /** Empty: the default ones. */
  readonly profiles: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  /** Empty: what the profiles say. */
  readonly network: string;
  readonly pool: string;
  readonly ephemeral: boolean;
  readonly start: boolean;
}

export function newWizard(image = ''): Wizard {
  const empty = editorOf();
  return {
    focus: 'image',
    texts: { image: editorOf(image), name: empty, profiles: empty, config: empty, network: empty, pool: empty },
    switches: { ephemeral: false, start: true },
    suggestion: -1,
    typed: image,
    error: undefined,
  };
}

/** The form that asks for this. */
export function wizardOf(request: LaunchRequest): Wizard {
  const { image, name, network, pool, ephemeral, start } = request;
  const config = Object.entries(request.config).map(([key, value]) => `${key}=${value}`);
  const texts = { image, name, network, pool, profiles: request.profiles.join(','), config: config.join(' ') };
  const wizard = newWizard(image);
  return {
    ...wizard,
    texts: Object.fromEntries(textFields.map((field) => [field, editorOf(texts[field])])) as Wizard['texts'], // each field
    switches: { ephemeral, start },
  };
}

/** What the server has for a field, narrowed by what is typed. */
export function suggestionsFor({ focus, typed }: Wizard, data: Data): readonly string[] {
  const word = focus === 'profiles' ? (typed.split(',').at(-1) ?? '').trim() : typed.trim();
  return choicesFor(focus, data).filter((choice) => word === '' || fuzzyMatch(word, choice));
}

function choicesFor(field: WizardField, data: Data): readonly string[] {
  if (field === 'image') {
    const local = [...data.images.values()].flatMap(({ aliases, fingerprint }) =>
      aliases.length === 0 ? [fingerprint.slice(0, 12)] : aliases.map(({ name }) => name),
    );
    return [...new Set([...local, ...data.recipes.flatMap(({ images }) => images)])];
  }
  if (field === 'profiles') return [...data.profiles.values()].map(({ name }) => name);
  if (field === 'network') return [...data.networks.values()].filter(({ managed }) => managed).map(({ name }) => name);
  if (field === 'pool') return [...data.storage.keys()];
  return [];
}

/** The form after a key; `launch` when it is to be carried out. */
export function wizardKey(wizard: Wizard, press: KeyPress, data: Data): Wizard | 'launch' {
  const { key } = press;
  if (key === 'ctrl+s') return 'launch';
  if (key === 'down') return focused(wizard, 1);
  if (key === 'up' || key === 'shift+tab') return focused(wizard, -1);
  if (key === 'enter') return wizard.focus === 'launch' ? 'launch' : focused(wizard, 1);
  if (isSwitch(wizard.focus)) {
    if (key !== 'space' && key !== 'left' && key !== 'right') return key === 'tab' ? focused(wizard, 1) : wizard;
    const switches = { ...wizard.switches, [wizard.focus]: !wizard.switches[wizard.focus] };
    return { ...wizard, switches };
  }
  if (wizard.focus === 'launch') return key === 'tab' ? focused(wizard, 1) : wizard;
  if (key === 'tab') return suggested(wizard, data);
  const editor = editLine(wizard.texts[wizard.focus], press);
  return editor === undefined ? wizard : withText(wizard, wizard.focus, editor);
}

export function wizardPaste(wizard: Wizard, text: string): Wizard {
  return isText(wizard.focus) ? withText(wizard, wizard.focus, insert(wizard.texts[wizard.focus], text)) : wizard;
}

/** What the form asks for, or what is wrong with it. */
export function requestOf({ texts, switches }: Wizard): LaunchRequest | { readonly error: string } {
  const text = (field: TextField) => texts[field].text.trim();
  if (text('image') === '') return { error: 'An image is needed: tab shows what there is' };
  const config: Record<string, string> = {};
  for (const word of text('config').split(/\s+/).filter(Boolean)) {
    const split = word.indexOf('=');
    if (split < 1) return { error: `"${word}" is no key=value` };
    config[word.slice(0, split)] = word.slice(split + 1);
  }
  const profiles = text('profiles')
    .split(/[\s,]+/)
    .filter(Boolean);
  return {
    ...{ image: text('image'), name: text('name'), profiles, config, network: text('network'), pool: text('pool') },
    ...switches,
  };
}

/** The command that does the same. */
export function commandOf(wizard: Wizard): string {
  const request = requestOf(wizard);
  if ('error' in request) return '';
  const words = ['yurt', request.start ? 'launch' : 'init', request.image];
  if (request.name !== '') words.push(request.name);
  for (const profile of request.profiles) words.push('-p', profile);
  for (const [key, value] of Object.entries(request.config)) words.push('-c', `${key}=${value}`);
  if (request.network !== '') words.push('-n', request.network);
  if (request.pool !== '') words.push('-s', request.pool);
  if (request.ephemeral) words.push('-e');
  return words.map(shellWord).join(' ');
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function focused(wizard: Wizard, step: number): Wizard {
  const at = (wizardFields.indexOf(wizard.focus) + step + wizardFields.length) % wizardFields.length;
  const focus = wizardFields[at] ?? 'image';
  return { ...wizard, focus, suggestion: -1, typed: isText(focus) ? wizard.texts[focus].text : '', error: undefined };
}

/** The list that a field's suggestions come from. */
const sources: Readonly<Partial<Record<TextField, ScreenName>>> = {
  image: 'images',
  profiles: 'profiles',
  network: 'networks',
  pool: 'storage',
};

/** The next suggestion instead of what was typed; without any, the next field. */
function suggested(wizard: Wizard, data: Data): Wizard {
  const all = suggestionsFor(wizard, data);
  if (!isText(wizard.focus)) return focused(wizard, 1);
  const source = sources[wizard.focus];
  // Who is faster than the server waits for it here, not in the next field.
  if (all.length === 0) return source === undefined || data.loaded.has(source) ? focused(wizard, 1) : wizard;
  const suggestion = (wizard.suggestion + 1) % all.length;
  const chosen = all[suggestion] ?? '';
  const before = wizard.typed.includes(',') ? wizard.typed.slice(0, wizard.typed.lastIndexOf(',') + 1) : '';
  const text = wizard.focus === 'profiles' ? before + chosen : chosen;
  return { ...wizard, texts: { ...wizard.texts, [wizard.focus]: editorOf(text) }, suggestion, error: undefined };
}

function withText(wizard: Wizard, field: TextField, editor: LineEditor): Wizard {
  const texts = { ...wizard.texts, [field]: editor };
  return { ...wizard, texts, typed: editor.text, suggestion: -1, error: undefined };
}

export function isText(field: WizardField): field is TextField {
  return (textFields as readonly string[]).includes(field);
}

export function isSwitch(field: WizardField): field is SwitchField {
  return (switchFields as readonly string[]).includes(field);
}

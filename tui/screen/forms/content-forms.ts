import { printable } from '../../output/printable.ts';
import { only } from '../keys/command.ts';
import { type Draft, drafted, draftOf, type Options, withDraft } from '../state/draft.ts';
import type { Data, State } from '../state/state.ts';
import { entryFor, keyChoices, valueChoices, wrongSetting } from './config-keys.ts';
import { button, type Field, type Form, type FormSpec, newForm, textIn } from './form.ts';
import { keyOf } from './instance-forms.ts';

/** One key of an instance's configuration. Nothing of it is applied yet: it becomes a part of the draft. */
export const settingSpec: FormSpec = {
  title: ({ subject }) => (subject.name === undefined ? 'A new setting' : `Set ${printable(subject.name)}`),
  button: () => 'Set',
  fields: (form, { data }) => {
    const key = form.subject.name ?? textIn(form, 'key');
    const entry = entryFor(data, key);
    const says = entry === undefined ? '' : `${entry.type}; ${entry.live ? 'at once' : 'from the next start on'}`;
    const hint = entry === undefined ? '' : `${says}. ${entry.doc}`;
    const value: Field = { id: 'value', label: 'Value', hint, kind: 'text', choices: valueChoices(entry) };
    const name: Field = { id: 'key', label: 'Key', hint, kind: 'text', choices: keyChoices(data) };
    return form.subject.name === undefined ? [name, value] : [value];
  },
  submit: (form, state) => {
    const name = form.subject.name ?? textIn(form, 'key');
    const value = textIn(form, 'value');
    if (name === '') return { error: 'A key is needed: tab shows what there is' };
    const wrong = wrongSetting(state.data, name, value);
    if (wrong !== undefined) return { error: wrong };
    if (form.subject.name === undefined && value === '') return { error: 'A value is needed' };
    return only(changed(state, keyOf(form), ({ config }) => ({ config: { ...config, [name]: value } })));
  },
};

/** A device of an instance's own, new or changed; it becomes a part of the draft. */
export const deviceSpec: FormSpec = {
  title: ({ subject }) => (subject.name === undefined ? 'A new device' : `Device ${printable(subject.name)}`),
  button: () => 'Set',
  fields: (form, state) => {
    const type = state.data.deviceTypes.find((one) => one.type === textIn(form, 'type'));
    const options = (type?.options ?? []).map(({ name, required, defaultValue, doc }): Field => {
      const holds = required ? 'needed' : defaultValue === '' ? '' : `empty: ${defaultValue}`;
      const hint = [holds, doc].filter(Boolean).join('. ');
      return { id: optionId(name), label: name, hint, kind: 'text', choices: optionChoices(state, name) };
    });
    const types = state.data.deviceTypes;
    const first: Field[] = [
      { id: 'name', label: 'Name', hint: 'of the device', kind: 'text' },
      { id: 'type', label: 'Type', hint: type?.doc ?? '', kind: 'text', choices: types.map((one) => one.type) },
    ];
    return form.subject.name === undefined ? [...first, ...options] : options;
  },
  submit: (form, state) => {
    const name = form.subject.name ?? textIn(form, 'name');
    const type = state.data.deviceTypes.find((one) => one.type === textIn(form, 'type'));
    if (name === '') return { error: 'A name is needed' };
    if (type === undefined) return { error: 'A type is needed: tab shows what there is' };
    const instance = state.data.instances.get(keyOf(form))?.instance;
    if (form.subject.name === undefined && instance !== undefined) {
      const present = drafted(instance, draftOf(state, keyOf(form))).devices;
      if (Object.hasOwn(present, name)) return { error: `It has a device "${printable(name)}" already` };
    }
    const offered = type.options.map((one) => optionId(one.name));
    // What the table does not tell of stays as it is, unless the device is new.
    const ids = form.subject.name === undefined ? offered : Object.keys(form.texts).filter((id) => isOption(id));
    const values = ids.map((id) => [id.slice(optionPrefix.length), textIn(form, id)] as const);
    const missing = type.options.find((one) => one.required && textIn(form, optionId(one.name)) === '');
    if (missing !== undefined) return { error: `"${missing.name}" is needed` };
    const options = {
      type: type.type,
      ...Object.fromEntries(values.filter(([option, value]) => value !== '' && option !== 'type')),
    };
    return only(changed(state, keyOf(form), ({ devices }) => ({ devices: { ...devices, [name]: options } })));
  },
};

/** The form for a device that there is, of the instance's own or from a profile, or for a new one. */
export function deviceForm(data: Data, key: string, name?: string, options: Options = {}): Form {
  const type = data.deviceTypes.find((one) => one.type === options['type']);
  const texts = Object.fromEntries(Object.entries(options).map(([option, value]) => [optionId(option), value]));
  const subject = name === undefined ? { key } : { key, name };
  const first = type?.options[0]?.name;
  return newForm('device', name === undefined ? 'name' : first === undefined ? button : optionId(first), {
    ...{ subject, texts: { ...texts, type: options['type'] ?? '' } },
  });
}

/** Options have names of their own: one may be called as a field of the form is. */
const optionPrefix = 'option ';

function optionId(option: string): string {
  return optionPrefix + option;
}

function isOption(id: string): boolean {
  return id.startsWith(optionPrefix);
}

function optionChoices({ data }: State, option: string): readonly string[] {
  if (option === 'network') return [...data.networks.values()].filter(({ managed }) => managed).map(({ name }) => name);
  if (option === 'pool') return [...data.storage.keys()];
  return [];
}

function changed(state: State, key: string, change: (draft: Draft) => Partial<Draft>): State {
  const draft = draftOf(state, key);
  return withDraft(state, key, { ...draft, ...change(draft) });
}

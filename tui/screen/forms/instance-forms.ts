import { printable } from '../../output/printable.ts';
import { asking, only } from '../keys/command.ts';
import { editorOf } from '../keys/line-editor.ts';
import { nameOf } from '../state/batches.ts';
import { isRunning, placeOf } from '../state/instance-rows.ts';
import type { Offer, State } from '../state/state.ts';
import { type Field, type Form, type FormSpec, newForm, textIn } from './form.ts';
import { offerOf, ownImages } from './offered.ts';
import { shellWord } from './words.ts';

/** Another name, another project. */
export const moveSpec: FormSpec = {
  title: (form) => `Move ${shown(form)}`,
  button: () => 'Move',
  fields: (form, state) => [
    { id: 'name', label: 'Name', hint: '', kind: 'text' },
    {
      ...{ id: 'project', label: 'Project', hint: 'with its snapshots', kind: 'text' },
      ...{ choices: offerAt(form, state)?.projects.map(({ name }) => name) ?? [], source: 'projects' },
    },
  ],
  command: (form, state) => {
    const { remote, name, project } = placeOf(keyOf(form));
    const to = targetOf(form);
    const words = ['yurt', 'move', onServer(remote, name)];
    if (to.name !== name) words.push(onServer(remote, to.name));
    if (to.project !== project) words.push('--target-project', to.project);
    return words.length === 3 ? '' : commandLine(words, form, state);
  },
  submit: (form, state) => {
    const key = keyOf(form);
    const { name, project } = placeOf(key);
    const to = targetOf(form);
    if (to.name === name && to.project === project) return { error: 'It is there already' };
    return asking(state, { kind: 'move', key, ...to });
  },
};

/** An image of what the instance is now. */
export const publishSpec: FormSpec = {
  title: (form) => `Make an image of ${shown(form)}`,
  button: () => 'Publish',
  fields: () => [
    { id: 'aliases', label: 'Aliases', hint: 'separated by commas; empty: none', kind: 'text' },
    { id: 'reuse', label: 'Take over', hint: 'aliases that other images have', kind: 'switch' },
    { id: 'force', label: 'Interrupt it', hint: 'kills it when it runs, and starts it again', kind: 'switch' },
  ],
  command: (form, state) => {
    const { remote, name } = placeOf(keyOf(form));
    const words = ['yurt', 'publish', onServer(remote, name)];
    for (const alias of listIn(form, 'aliases')) words.push('--alias', alias);
    if (form.switches['reuse'] === true) words.push('--reuse');
    if (form.switches['force'] === true) words.push('--force');
    return commandLine(words, form, state);
  },
  submit: (form, state) => {
    const key = keyOf(form);
    const force = form.switches['force'] === true;
    if (isRunningNow(form, state) && !force) {
      return { error: 'It is running: stop it first, or let it be interrupted' };
    }
    const reuse = form.switches['reuse'] === true;
    return asking(state, { kind: 'publish', key, aliases: listIn(form, 'aliases'), reuse, force });
  },
};

/** A new root from an image; the configuration stays. */
export const rebuildSpec: FormSpec = {
  title: (form) => `Rebuild ${shown(form)} from an image`,
  button: () => 'Rebuild',
  fields: (form, state): readonly Field[] => [
    {
      ...{ id: 'image', label: 'Image', hint: 'its files become those of the image', kind: 'text', source: 'images' },
      choices: ownImages(offerAt(form, state)),
    },
  ],
  command: (form, state) => {
    const { remote, name } = placeOf(keyOf(form));
    const words = ['yurt', 'rebuild', textIn(form, 'image'), onServer(remote, name)];
    if (isRunningNow(form, state)) words.push('--force');
    return textIn(form, 'image') === '' ? '' : commandLine(words, form, state);
  },
  submit: (form, state) => {
    const key = keyOf(form);
    const image = textIn(form, 'image');
    if (image === '') return { error: 'An image is needed: tab shows what there is' };
    const force = isRunningNow(form, state);
    const lines = [
      'What is in it is lost; its configuration and devices stay.',
      ...(force ? ['It is running: it is killed, and started again.'] : []),
    ];
    return only({
      ...state,
      overlay: {
        ...{ kind: 'confirm', title: `Rebuild ${shown(form)} from ${printable(image)}?`, lines, editor: editorOf() },
        ...{ action: 'rebuild', expected: force ? nameOf(key) : undefined },
        effect: { kind: 'rebuild', key, image, force },
      },
    });
  },
};

export function moveForm(key: string): Form {
  const { name, project } = placeOf(key);
  return newForm('move', 'name', { subject: { key }, texts: { name, project } });
}

export function keyOf({ subject }: Form): string {
  return subject.key ?? '';
}

/** Where it is to be moved to; an empty field changes nothing. */
function targetOf(form: Form): { readonly name: string; readonly project: string } {
  const { name, project } = placeOf(keyOf(form));
  return { name: textIn(form, 'name') || name, project: textIn(form, 'project') || project };
}

function isRunningNow(form: Form, { data }: State): boolean {
  const row = data.instances.get(keyOf(form));
  return row !== undefined && isRunning(row.instance);
}

/** An instance as a command names it: those of other servers than the present one with their server. */
function onServer(remote: string, name: string): string {
  return remote === '' ? name : `${remote}:${name}`;
}

/** With the project of the instance, unless it is the one that commands are for anyway. */
function commandLine(words: readonly string[], form: Form, state: State): string {
  const { remote, project } = placeOf(keyOf(form));
  const isPresent = remote === '' && project === (state.project || 'default');
  const chosen = isPresent ? [] : ['--project', project];
  return [...words, ...chosen].map(shellWord).join(' ');
}

/** What the server of the instance has. */
function offerAt(form: Form, state: State): Offer | undefined {
  return offerOf(state, placeOf(keyOf(form)).remote);
}

function shown(form: Form): string {
  return printable(nameOf(keyOf(form)));
}

/** Words between commas. */
export function listIn(form: Form, id: string): string[] {
  return textIn(form, id)
    .split(/[\s,]+/)
    .filter(Boolean);
}

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
  command: (form) => {
    const { name, project } = placeOf(keyOf(form));
    const words = ['yurt', 'move', name, textIn(form, 'name')];
    if (textIn(form, 'project') !== project) words.push('--target-project', textIn(form, 'project'));
    return words.map(shellWord).join(' ');
  },
  submit: (form, state) => {
    const key = keyOf(form);
    const { name, project } = placeOf(key);
    const to = { name: textIn(form, 'name') || name, project: textIn(form, 'project') || project };
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
  command: (form) => {
    const words = ['yurt', 'publish', nameOf(keyOf(form))];
    for (const alias of listIn(form, 'aliases')) words.push('--alias', alias);
    if (form.switches['reuse'] === true) words.push('--reuse');
    if (form.switches['force'] === true) words.push('--force');
    return words.map(shellWord).join(' ');
  },
  submit: (form, state) => {
    const key = keyOf(form);
    const row = state.data.instances.get(key);
    const force = form.switches['force'] === true;
    if (row !== undefined && isRunning(row.instance) && !force) {
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
  command: (form) =>
    textIn(form, 'image') === ''
      ? ''
      : ['yurt', 'rebuild', textIn(form, 'image'), nameOf(keyOf(form))].map(shellWord).join(' '),
  submit: (form, state) => {
    const key = keyOf(form);
    const image = textIn(form, 'image');
    if (image === '') return { error: 'An image is needed: tab shows what there is' };
    const row = state.data.instances.get(key);
    const force = row !== undefined && isRunning(row.instance);
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
